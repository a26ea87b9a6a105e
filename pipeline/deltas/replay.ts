/** A delta against documents that were scanned before it was known: estimates by their replay records, the best ones exactly. */

import { consistencyOf } from '../../schemas/consistency.ts';
import { provenanceOf } from '../../schemas/provenance.ts';
import type { Replay, Score } from '../../schemas/types.ts';
import { openTuning, type Tuning } from '../../stages/checkpoint/tuning.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import { quantileSketch } from '../../stages/math/quantile.ts';
import { type Ranking, ranking } from '../../stages/math/top.ts';
import { MEASURES, type Measure, needsTunedModel } from '../../stages/measure.ts';
import { deltaRows } from '../../stages/replay/delta-rows.ts';
import { type DeltaView, deltaView, estimates } from '../../stages/replay/estimate.ts';
import { unpackIds } from '../../stages/replay/packing.ts';
import { STATE } from '../../stages/select.ts';
import type { ReplayConfig } from '../config/config.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import type { Replayed } from '../store/replay.ts';
import type { KeptDelta, Store } from '../store/store.ts';
import { keptTokenizer } from '../target/kept-tokenizer.ts';
import { openSides } from '../target/target.ts';
import type { ReplayRecords } from './records.ts';
import { openRescorer, type RescorerOptions } from './rescorer.ts';

export interface ReplayWorld {
  readonly environment: Environment;
  readonly cores: number;
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Records read so far, of so many. */
  progress(done: number, of: number): void;
}

export interface ReplayReport {
  readonly delta: string;
  /** Read; those of documents that the delta was scored against already are passed over. */
  readonly records: number;
  readonly estimated: number;
  /** Documents of the best that were scored exactly. */
  readonly exact: number;
  /** Root mean square of the estimates' standard errors, and the standard deviation of the estimates. */
  readonly standardError: number;
  readonly spread: number;
  /** What standard errors were multiplied by, after a sample of documents that was scored exactly; 1 where none was. */
  readonly calibration: number;
  /** Records a second, the reading and the estimates alone. */
  readonly perSecond: number;
}

/** Documents, beside the best, that are scored exactly to see what the standard errors are worth. */
const SAMPLE = 64;
const BATCH = 64;
const PROGRESS_EVERY = 256;

interface Estimated {
  readonly record: Replay;
  readonly score: Score;
  readonly standardError: number;
}

/**
 * Of every document kept: the best window's score by the delta's measure, from an estimate of ⟨G, D⟩ and, where the measure
 * asks for the loss under the tuned head, loss − ⟨G, D⟩. The best `exact` of them are then scored by the model.
 *
 * @throws ConfigError where the store keeps no records, or the measure takes the whole tuned model
 * @throws CheckpointError where a checkpoint is refused
 */
export async function replay(
  store: Store,
  source: ReplayRecords,
  kept: KeptDelta,
  config: ReplayConfig,
  world: ReplayWorld,
  signal: AbortSignal,
): Promise<ReplayReport> {
  const { id } = kept;
  const rankBy = kept.rankBy as Measure;
  const measurement = store.measurement();
  const bases = measurement === undefined ? [] : await source.bases(measurement.id, signal);
  if (measurement === undefined || bases.length === 0) {
    const where = config.brokers === undefined ? `the store in ${config.store} keeps` : 'the cluster keeps';
    const who = config.brokers === undefined ? 'a scan' : 'a worker';
    throw new ConfigError(`${where} no replay records: ${who} with --keep-replay does`);
  }
  if (needsTunedModel(rankBy)) {
    throw new ConfigError(
      `the store ranks by ${rankBy}, which takes a run of the whole tuned model: it cannot be estimated`,
    );
  }
  const { base, tuned } = await openSides({ ...kept, offline: config.offline }, world.environment, signal);
  const body = bodyOf(base);
  const tuning = await openTuning(base, tuned, { layers: 'head', lastMlp: undefined }, signal);
  if (tuning.id !== id)
    throw new ConfigError(`${kept.tuned} is not what it was when the delta was added: add it again`);
  const views = new Map<string, DeltaView>();
  for (const basis of bases) views.set(basis.id, await deltaView(basis, () => deltaRows(tuning, signal)));
  const { decode } = keptTokenizer(config.store);

  const started = world.now();
  const found = await estimateAll(
    { store, source, tuning, views, rankBy, keep: kept.keep, measurement: measurement.id },
    world,
    signal,
  );
  const seconds = (world.now() - started) / 1000;
  const best = [...found.best.values()].sort((a, b) => b.score.ranking - a.score.ranking);
  const { fields } = measurement;
  const exact = await rescored(
    best.slice(0, config.exact),
    found.sample,
    {
      base,
      body,
      tuning,
      rankBy,
      measurement: {
        id: measurement.id,
        window: Number(fields['window']),
        positions: fields['positions'] as 'all' | 'last',
        precision: fields['precision'] as RescorerOptions['measurement']['precision'],
      },
      providers: config.provider,
      threads: config.threads ?? world.cores,
    },
    signal,
  );
  const { calibration } = exact;
  const replayed = best.map(({ score, standardError }): Replayed => {
    const own = exact.scores.get(score.key);
    return own === undefined
      ? { score, standardError: standardError * calibration }
      : { score: own, standardError: null };
  });
  store.putReplayed(
    replayed.map((one) => ({ ...one, score: { ...one.score, text: decode(one.score.ids) } })),
    { delta: id, name: STATE.replayed, value: Buffer.from(found.quantiles.bytes()) },
  );
  const n = Math.max(1, found.estimated);
  return {
    delta: id,
    records: found.records,
    estimated: found.estimated,
    exact: Math.min(config.exact, best.length),
    standardError: Math.sqrt(found.errors / n) * calibration,
    spread: Math.sqrt(Math.max(0, found.squares / n - (found.sum / n) ** 2)),
    calibration,
    perSecond: found.estimated / Math.max(1e-9, seconds),
  };
}

interface Estimating {
  readonly store: Store;
  readonly source: ReplayRecords;
  readonly tuning: Tuning;
  /** By the basis that a record is written in. */
  readonly views: ReadonlyMap<string, DeltaView>;
  readonly rankBy: Measure;
  readonly keep: number;
  readonly measurement: string;
}

async function estimateAll(
  { store, source, tuning, views, rankBy, keep, measurement }: Estimating,
  { progress }: ReplayWorld,
  signal: AbortSignal,
) {
  const all = await source.size(signal);
  const exact = [...store.members(tuning.id, 'top')]
    .filter(({ standardError }) => standardError === null)
    .map(({ key, ranking: value }) => ({ key, score: value }));
  const better: Ranking = ranking(keep, exact); // what was estimated before is estimated again
  const smallest: Ranking = ranking(SAMPLE);
  const best = new Map<string, Estimated>();
  const sample = new Map<string, Estimated>();
  const sums = { records: 0, estimated: 0, sum: 0, squares: 0, errors: 0 };
  const quantiles = quantileSketch();
  await source.read(async (record) => {
    if (sums.records++ % PROGRESS_EVERY === 0) {
      progress(sums.records - 1, all);
      await new Promise(setImmediate);
      signal.throwIfAborted();
    }
    const view = views.get(record.basis);
    const isOurs = record.measurement === measurement && view !== undefined;
    if (!isOurs || record.deltas.split(',').includes(tuning.id)) return;
    const one = estimated(record, view, tuning, rankBy, measurement);
    const { score, standardError } = one;
    sums.estimated++;
    quantiles.add(score.ranking);
    sums.sum += score.ranking;
    sums.squares += score.ranking ** 2;
    sums.errors += standardError ** 2;
    offer(better, best, score.ranking, one);
    offer(smallest, sample, -Number.parseInt(record.key.slice(0, 12), 16), one); // keys are hashes: a uniform sample
  }, signal);
  progress(sums.records, sums.records);
  return { ...sums, quantiles, best, sample: [...sample.values()] };
}

function offer(into: Ranking, held: Map<string, Estimated>, place: number, one: Estimated): void {
  const taken = into.offer(one.record.key, place);
  if (taken === undefined) return;
  held.set(one.record.key, one);
  if (taken.evicted !== undefined) held.delete(taken.evicted);
}

/** The best of the record's windows. */
function estimated(
  record: Replay,
  view: DeltaView,
  { id, norm }: Tuning,
  rankBy: Measure,
  measurement: string,
): Estimated {
  const windows = estimates(record, view);
  const measures = windows.map(({ alignment, tokenAlignment }, w) =>
    measured(record, w, { alignment, tokenAlignment, norm }),
  );
  const values = measures.map(MEASURES[rankBy]);
  const best = values.reduce((top, value, w) => (value > values[top]! ? w : top), 0);
  const { alignment, standardError, tokenAlignment } = windows[best]!;
  const [above, below] = [1, -1].map((side) =>
    MEASURES[rankBy](measured(record, best, { alignment: alignment + side * standardError, tokenAlignment, norm })),
  );
  const { consistency: _, ...known } = measures[best]!;
  const all = record.tokens.reduce((sum, count) => sum + count, 0);
  const from = record.lengths.subarray(0, best).reduce((sum, length) => sum + length, 0);
  const { key, id: name, url } = record;
  return {
    record,
    standardError: Math.abs(above! - below!) / 2,
    score: {
      key,
      id: name,
      url,
      delta: id,
      measurement,
      ranking: values[best]!,
      ...known,
      gradientNorm: record.gradientNorm[best]!,
      tokens: record.tokens[best]!,
      window: best,
      windows: record.lengths.length,
      meanAlignment: windows.reduce((sum, window, w) => sum + (window.alignment * record.tokens[w]!) / all, 0),
      text: '',
      ids: unpackIds(record.ids, record.idBytes).slice(from, from + record.lengths[best]!),
      tokenAlignment,
      sketch: new Float32Array(),
      label: null,
      ...provenanceOf(record),
    },
  };
}

/** The tuned head's loss to first order: loss − ⟨G, D⟩. */
function measured(
  { loss, gradientNorm }: Replay,
  w: number,
  { alignment, tokenAlignment, norm }: Pick<Score, 'alignment' | 'tokenAlignment'> & { readonly norm: number },
) {
  const before = loss[w]!;
  return {
    cosine: alignment / (gradientNorm[w]! * norm),
    alignment,
    consistency: consistencyOf(tokenAlignment, alignment),
    loss: before,
    lossTunedHead: before - alignment,
    lossTuned: null,
  };
}

/** Exact scores of the best, and by what factor estimates of the sample are further off than their standard errors say. */
async function rescored(
  best: readonly Estimated[],
  sample: readonly Estimated[],
  options: RescorerOptions,
  signal: AbortSignal,
): Promise<{ readonly scores: ReadonlyMap<string, Score>; readonly calibration: number }> {
  const scores = new Map<string, Score>();
  if (best.length === 0) return { scores, calibration: 1 };
  const rescorer = await openRescorer(options);
  try {
    const asked = [...new Map([...best, ...sample].map((one) => [one.record.key, one.record])).values()];
    for (let at = 0; at < asked.length; at += BATCH) {
      for (const one of await rescorer.score(asked.slice(at, at + BATCH), signal)) scores.set(one.key, one);
    }
  } finally {
    await rescorer.close();
  }
  const ratios = sample.flatMap(({ score, standardError }) => {
    const exact = scores.get(score.key);
    return exact === undefined || standardError === 0 ? [] : [((exact.ranking - score.ranking) / standardError) ** 2];
  });
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / Math.max(1, ratios.length);
  return { scores, calibration: ratios.length === 0 ? 1 : Math.sqrt(mean) };
}
