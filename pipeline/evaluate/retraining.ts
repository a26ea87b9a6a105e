/**
 * What a set of documents teaches: the head of the base trained on them, and how well it then predicts others. Of a classifier the rows
 * of its labels are the head, and what there is to predict is what the tuned model answers.
 */
import { type CheckpointOptions, openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { documentStates } from '../../stages/graph/document-states.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import { headTrainer, type Positions } from '../../stages/graph/head-trainer.ts';
import type { ScoredWindow } from '../../stages/graph/matrix.ts';
import type { Provider } from '../../stages/graph/providers.ts';
import { joined, type Performance, performance, type RetrainOptions, retrain } from '../../stages/retrain.ts';

export interface Lesson extends ScoredWindow {
  readonly key: string;
}

export interface Retraining {
  /** Of the head as it is. */
  before(heldOut: readonly Lesson[]): Promise<Performance>;
  /** Of the head trained on the lessons. */
  after(lessons: readonly Lesson[], heldOut: readonly Lesson[], seed: number): Promise<Performance>;
  /** The sum of the documents' gradients by the head, at the base [V,d]; of a classifier by its labels' rows. */
  sum(lessons: readonly Lesson[]): Promise<Float32Array>;
  /** Final hidden states of a document's scored positions; run once, then kept. */
  states(lesson: Lesson): Promise<Positions>;
  /** d */
  readonly width: number;
  close(): Promise<void>;
}

/** How the head is trained: by default as `TRAINING` says. */
type Training = { readonly [name in keyof Omit<RetrainOptions, 'seed'>]?: RetrainOptions[name] | undefined };

export interface RetrainingOptions extends Training {
  readonly base: string;
  readonly checkpoints: CheckpointOptions;
  /** Tokens of the longest window. */
  readonly window: number;
  /** Of a classifier the tokens that stand for its labels: their rows alone are trained, and tested. */
  readonly labels?: readonly number[] | undefined;
  readonly providers: readonly Provider[];
  readonly threads: number;
}

/** Where nothing else is asked for. A document has one answer, and as many tokens as its text: so many steps more. */
const TRAINING = {
  texts: { epochs: 3, batch: 16, rate: 0.001 },
  answers: { epochs: 30, batch: 16, rate: 0.01 },
} as const;

/** @throws CheckpointError where the base is refused */
export async function openRetraining(options: RetrainingOptions, signal: AbortSignal): Promise<Retraining> {
  const { window, labels, providers, threads } = options;
  const training = { ...TRAINING[labels === undefined ? 'texts' : 'answers'], ...given(options) };
  const base = await openCheckpoint(options.base, options.checkpoints, signal);
  const body = bodyOf(base);
  const weights = await base.local([...body.tensors, base.head.name], signal);
  const whole = await base.read(base.head.name, [0, base.head.shape[0] ?? 0], signal);
  const head = labels === undefined ? whole : rowsOf(whole, labels, body.width);
  const trainer = await headTrainer(body.width, threads);
  const source = await documentStates({ body, weights, maxTokens: window }, { providers, threads });
  const known = new Map<string, Positions>();

  async function states(lesson: Lesson): Promise<Positions> {
    const seen = known.get(lesson.key);
    if (seen !== undefined) return seen;
    const { hidden, targets } = await source.of(lesson);
    const found = { hidden, targets: labels === undefined ? targets : targets.map((token) => labels.indexOf(token)) };
    known.set(lesson.key, found);
    return found;
  }

  async function allStates(lessons: readonly Lesson[]): Promise<readonly Positions[]> {
    const all: Positions[] = [];
    for (const lesson of lessons) {
      signal.throwIfAborted();
      all.push(await states(lesson));
    }
    return all;
  }

  return {
    width: body.width,
    states,
    before: async (heldOut) => performance(head, await allStates(heldOut), trainer),

    async after(lessons, heldOut, seed) {
      const trained = await retrain(head, await allStates(lessons), { ...training, seed }, trainer, signal);
      return performance(trained, await allStates(heldOut), trainer);
    },

    async sum(lessons) {
      const all = await allStates(lessons);
      const weights = all.flatMap(({ targets }) => Array<number>(targets.length).fill(1 / targets.length));
      return trainer.gradient(head, joined(all), Float32Array.from(weights));
    },

    async close() {
      await source.close();
      await trainer.close();
    },
  };
}

function given({ epochs, batch, rate }: RetrainingOptions): Partial<RetrainOptions> {
  return Object.fromEntries(Object.entries({ epochs, batch, rate }).filter(([, value]) => value !== undefined));
}

/** [L,d] of [V,d] */
function rowsOf(head: Float32Array, tokens: readonly number[], width: number): Float32Array {
  const rows = new Float32Array(tokens.length * width);
  for (const [row, token] of tokens.entries()) rows.set(head.subarray(token * width, (token + 1) * width), row * width);
  return rows;
}
