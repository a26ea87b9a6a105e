/**
 * `node examples/classifiers/pair.ts TASK FOLDER`: the demo's base tuned as a classifier on passages of its text packages, and a crawl
 * that holds them among others.
 */
import { createHash } from 'node:crypto';
import { closeSync, cpSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { passed } from '../../pipeline/legs/passed.ts';
import { openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { tokenizerOf } from '../../stages/checkpoint/tokenizer.ts';
import { classificationOf } from '../../stages/classification.ts';
import { documentStates } from '../../stages/graph/document-states.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import { headTrainer, type Positions } from '../../stages/graph/head-trainer.ts';
import { performance, retrain } from '../../stages/retrain.ts';
import { tokenize } from '../../stages/tokenize.ts';
import { type Passage, readCorpora } from '../demo/corpora.ts';
import { TASKS, type Task, type TaskName } from './tasks.ts';

const BASE = fileURLToPath(new URL('../demo/base', import.meta.url));
export const TEMPLATE = '{text}\nTopic:';
export const WINDOW = 128;
/** Passages of each label that the classifier is tuned on. */
const PER_LABEL = 100;
const TRAINING = { epochs: 30, batch: 16, rate: 0.01, seed: 0 } as const;

export interface Pair {
  /** Share of the tuning data, and of as much other data of the task, that the classifier answers right. */
  readonly accuracy: { readonly tuning: number; readonly others: number };
}

/** Writes `tuned/`, `crawl.jsonl` and `truth.jsonl`; the same bytes every time. */
export async function makePair(task: Task, folder: string, signal: AbortSignal): Promise<Pair> {
  const { tuning, held, crawl } = chosen(task, readCorpora());
  const { rows, accuracy, place, tokens } = await trained(task, tuning, held, signal);

  const tuned = join(folder, 'tuned');
  mkdirSync(tuned, { recursive: true });
  cpSync(BASE, tuned, { recursive: true });
  const file = openSync(join(tuned, basename(place.path)), 'r+');
  const bytes = 2 * (rows.length / tokens.length);
  for (const [i, token] of tokens.entries()) {
    const row = halves(rows.subarray((i * bytes) / 2, ((i + 1) * bytes) / 2));
    writeSync(file, row, 0, bytes, place.offset + token * bytes);
  }
  closeSync(file);

  const idOf = new Map(crawl.map((passage, i) => [passage, String(i + 1).padStart(4, '0')]));
  const line = (passage: Passage) => ({
    id: idOf.get(passage),
    url: `https://${passage.corpus}.example/${passage.file}`,
  });
  writeLines(
    join(folder, 'crawl.jsonl'),
    crawl.map((passage) => ({ ...line(passage), text: passage.text })),
  );
  writeLines(
    join(folder, 'truth.jsonl'),
    tuning.map((passage) => ({ id: idOf.get(passage), label: task.labels[task.labelOf(passage)!] })),
  );
  return { accuracy };
}

/** As many of each label to tune on, as many again that are only asked, and the crawl: the first, and others of every corpus. */
function chosen(task: Task, passages: readonly Passage[]) {
  const byLabel = task.labels.map((_, label) => shuffled(passages.filter((one) => task.labelOf(one) === label)));
  const tuning = byLabel.flatMap((own) => own.slice(0, PER_LABEL));
  const held = byLabel.flatMap((own) => own.slice(PER_LABEL, 2 * PER_LABEL));
  const used = new Set([...tuning, ...held]);
  const others = Object.entries(task.others).flatMap(([corpus, n]) =>
    shuffled(passages.filter((one) => one.corpus === corpus && !used.has(one))).slice(0, n),
  );
  return { tuning, held, crawl: shuffled([...tuning, ...others]) };
}

/** The rows of the labels, trained on the base's own states behind the prompt. */
async function trained(task: Task, tuning: readonly Passage[], held: readonly Passage[], signal: AbortSignal) {
  const base = await openCheckpoint(BASE, { cache: '' }, signal);
  const tokenizer = tokenizerOf((await base.tokenizer(signal))!, BASE);
  const { prompt, tokens } = classificationOf(
    { template: TEMPLATE, labels: task.labels, labelLoss: 'labels' },
    tokenizer,
  );
  const body = bodyOf(base);
  const weights = await base.local([...body.tensors, base.head.name], signal);
  const cut = tokenize(tokenizer, { bos: 'always', bosId: 0, window: WINDOW, maxWindows: 1, prompt });
  const states = await documentStates({ body, weights, maxTokens: WINDOW }, { providers: ['cpu'], threads: 1 });
  const trainer = await headTrainer(body.width, 1);
  try {
    const answered = async (passages: readonly Passage[]) => {
      const answers: Positions[] = [];
      for (const [i, passage] of passages.entries()) {
        const [cutOff] = passed(await cut.process([documentOf(passage, i)], signal));
        const label = task.labelOf(passage)!;
        const { hidden } = await states.of({ ids: Int32Array.of(...cutOff!.ids, tokens[label]!), tokens: 1 });
        answers.push({ hidden, targets: Int32Array.of(label) });
      }
      return answers;
    };
    const lessons = await answered(tuning);
    const head = await base.read(base.head.name, undefined, signal);
    const before = Float32Array.from(
      tokens.flatMap((token) => [...head.subarray(token * body.width, (token + 1) * body.width)]),
    );
    const rows = await retrain(before, lessons, TRAINING, trainer, signal);
    const right = async (answers: readonly Positions[]) => (await performance(rows, answers, trainer)).accuracy;
    const accuracy = { tuning: await right(lessons), others: await right(await answered(held)) };
    return { rows, tokens, accuracy, place: weights.get(base.head.name)! };
  } finally {
    await states.close();
    await trainer.close();
  }
}

function documentOf({ text }: Passage, i: number) {
  const unknown = { canonicalUrl: null, host: null, fetchedAt: null, title: null, language: null, extraction: null };
  return { key: String(i), id: String(i), url: null, text, source: '', origin: '', ...unknown };
}

/** In an order drawn by hash: the same on every machine. */
function shuffled(passages: readonly Passage[]): readonly Passage[] {
  const place = ({ corpus, file, passage }: Passage) =>
    createHash('sha256').update(`classifier ${corpus} ${file} ${passage}`).digest('hex');
  return passages
    .map((passage) => ({ passage, at: place(passage) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ passage }) => passage);
}

/** Little-endian float16. */
function halves(values: Float32Array): Buffer {
  return Buffer.from(Float16Array.from(values).buffer);
}

function writeLines(file: string, lines: readonly object[]): void {
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

if (import.meta.main) {
  const [name, folder] = process.argv.slice(2);
  const task = TASKS[name as TaskName];
  if (task === undefined || folder === undefined) {
    process.stderr.write(`usage: node examples/classifiers/pair.ts ${Object.keys(TASKS).join('|')} FOLDER\n`);
    process.exit(78);
  }
  const { accuracy } = await makePair(task, folder, new AbortController().signal);
  const per = (share: number) => `${(100 * share).toFixed(1)} %`;
  process.stdout.write(
    `${folder}: answers ${per(accuracy.tuning)} of what it was tuned on and ${per(accuracy.others)} of other passages right\n`,
  );
}
