/**
 * `node bench/replay.ts BASE POOL.jsonl TUNED...`: how well estimates from replay records order documents, against the exact
 * scores of the same run, and how fast.
 */
import { readFileSync } from 'node:fs';
import { openBasis } from '../pipeline/deltas/replay-basis.ts';
import { replayCodec } from '../schemas/codec.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import type { Gradients, Replay, Tokens } from '../schemas/types.ts';
import { openCheckpoint } from '../stages/checkpoint/checkpoint.ts';
import { tokenizerOf } from '../stages/checkpoint/tokenizer.ts';
import { openTuning, type Tuning } from '../stages/checkpoint/tuning.ts';
import { gradient } from '../stages/gradient.ts';
import { bodyOf } from '../stages/graph/families.ts';
import { openMeasure } from '../stages/graph/open.ts';
import type { WithReplay } from '../stages/replay/attached.ts';
import { deltaRows } from '../stages/replay/delta-rows.ts';
import { deltaView, estimates } from '../stages/replay/estimate.ts';
import { LIKELY } from '../stages/replay/record.ts';
import { score } from '../stages/score.ts';
import { tokenize } from '../stages/tokenize.ts';
import { spearman } from './spearman.ts';

const [baseRef, pool, ...tunedRefs] = process.argv.slice(2);
if (baseRef === undefined || pool === undefined || tunedRefs.length === 0) {
  console.error('usage: node bench/replay.ts BASE POOL.jsonl TUNED...');
  process.exit(78);
}
const { signal } = new AbortController();
const options = { cache: 'node_modules/.cache/deltasift-bench' };
const base = await openCheckpoint(baseRef, options, signal);
const body = bodyOf(base);
const tokenizer = tokenizerOf((await base.tokenizer(signal))!, baseRef);
const deltas: Tuning[] = [];
for (const ref of tunedRefs) {
  const tuned = await openCheckpoint(ref, options, signal);
  deltas.push(await openTuning(base, tuned, { layers: 'head', lastMlp: body.lastMlp }, signal));
}

const basis = await openBasis({ base, body, tokenizer }, 1);
const session = await openMeasure(base, {
  body,
  deltas,
  replay: { directions: basis.directions, rank: basis.rank, likely: LIKELY },
  window: 128,
  precision: 'float32',
  providers: ['cpu'],
  threads: 1,
});
const ids = deltas.map(({ id }) => id);
const stage = gradient({
  session,
  measurement: 'bench',
  deltas: ids,
  vocabulary: body.vocabulary,
  positions: 'all',
  tokenBudget: 512,
  basis,
});
const cut = tokenize(tokenizer, { bos: 'auto', window: 128, maxWindows: 1 });
const scored = score(deltas);
const exact = ids.map((): number[] => []);
const records: Replay[] = [];
let most = 0;
let bytes = 0;
const lines = readFileSync(pool, 'utf8').trim().split('\n');
const start = performance.now();
for (let at = 0; at < lines.length; at += 64) {
  const batch = lines.slice(at, at + 64).map((line, i) => {
    const { id, text } = JSON.parse(line) as { id: string; text: string };
    return { key: String(at + i), id, url: null, text, ...NO_PROVENANCE };
  });
  const tokens = (await cut.process(batch, signal)).flatMap((outcome) => outcome as readonly Tokens[]);
  const measured = (await stage.process(tokens, signal)).flatMap(
    (outcome) => outcome as readonly WithReplay<Gradients>[],
  );
  for (const one of measured) {
    const [scores] = await scored.process([one], signal);
    for (const [d, { cosine }] of (scores as readonly { cosine: number }[]).entries()) exact[d]!.push(cosine);
    most = Math.max(most, one.replay!.length);
    bytes += one.replay!.length;
    records.push(replayCodec.decode(one.replay!));
  }
}
const gradientSeconds = (performance.now() - start) / 1000;
await stage.close?.();

console.log(`${records.length} documents; a record has ${Math.round(bytes / records.length)} bytes, ${most} at most`);
const rows: string[] = [];
for (const [d, delta] of deltas.entries()) {
  const view = await deltaView(basis, () => deltaRows(delta, signal));
  const began = performance.now();
  const estimated = records.map((record) => {
    const [first] = estimates(record, view);
    const scale = record.gradientNorm[0]! * delta.norm;
    return { score: first!.alignment / scale, standardError: first!.standardError / scale };
  });
  const seconds = (performance.now() - began) / 1000;
  const truth = exact[d]!;
  const guess = estimated.map((one) => one.score);
  const n = truth.length;
  const best = (values: readonly number[], share: number) =>
    new Set(
      values
        .map((value, i) => ({ value, i }))
        .sort((a, b) => b.value - a.value)
        .slice(0, Math.max(1, Math.round(n * share)))
        .map(({ i }) => i),
    );
  const [top, kept] = [best(truth, 0.01), best(guess, 0.05)];
  const held = [...top].filter((i) => kept.has(i)).length / top.size;
  const rms = Math.sqrt(truth.reduce((sum, value, i) => sum + (value - guess[i]!) ** 2, 0) / n);
  const error = Math.sqrt(estimated.reduce((sum, one) => sum + one.standardError ** 2, 0) / n);
  const mean = truth.reduce((sum, value) => sum + value, 0) / n;
  const spread = Math.sqrt(truth.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  rows.push(
    `| ${tunedRefs[d]!.split('/').slice(-2).join('/')} | ${held.toFixed(3)} | ${spearman(truth, guess).toFixed(3)} | ${(rms / spread).toFixed(2)} | ${(error / rms).toFixed(2)} | ${Math.round(n / seconds)} | ${(n / seconds / (n / gradientSeconds)).toFixed(0)} |`,
  );
}
console.log(
  [
    '| delta | exact top 1 % in the estimated top 5 % | Spearman | rms error / spread of scores | standard error / rms error | records/s | x the gradient stage |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n'),
);
