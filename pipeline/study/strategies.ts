/**
 * Which strategy picks the documents that teach a head most: each trains the head of the base, and is tested on true documents that were
 * held out, of a language model by its loss, of a classifier by the share of right answers. Every seed is a fresh 80 % of the pool in a fresh order, with a fresh order of training; strategies are compared seed by seed.
 */
import { bootstrap, type Interval, meanOf } from '../../stages/math/bootstrap.ts';
import { balanced } from '../../stages/pick/balanced.ts';
import { pickedFromStream, type StreamOptions } from '../../stages/pick/from-stream.ts';
import { inOrder, PLACES, type Place } from '../../stages/pick/order.ts';
import type { Performance } from '../../stages/retrain.ts';
import { ConfigError } from '../error.ts';
import type { Retraining } from '../evaluate/retraining.ts';
import { type Draw, drawn, type KnownDocument, type KnownPool } from './known-pool.ts';
import type { StudyResult } from './result.ts';

export interface StrategiesOptions {
  readonly n: number;
  readonly seeds: number;
  /** Of the first draw. */
  readonly seed: number;
  readonly threads: number;
}

/** What a head is tested by; of two, the better is the one further along `sign`. */
const TESTS = {
  loss: { name: 'held-out loss', verb: 'saves', unit: ' nats', sign: -1, of: ({ loss }: Performance) => loss },
  accuracy: { name: 'accuracy', verb: 'gains', unit: ' right', sign: 1, of: ({ accuracy }: Performance) => accuracy },
} as const;

type Picker = (draw: Draw, signal: AbortSignal) => Promise<readonly KnownDocument[]> | readonly KnownDocument[];

/** Share of what may be picked that a seed draws. */
const KEPT = 0.8;
const POOL_TO_SET = 4;
const BATCH = 16;
const RESAMPLES = 2000;

export async function strategiesStudy(
  pool: KnownPool,
  retraining: Retraining,
  { n, seeds, seed: first, threads }: StrategiesOptions,
  signal: AbortSignal,
): Promise<StudyResult> {
  const pickers = pickersOf(pool, { n, poolToSet: POOL_TO_SET, deltaNorm: pool.delta.norm, batch: 1, threads });
  const measured = new Map(Object.keys(pickers).map((name) => [name, [] as { reached: number; truths: number }[]]));
  const before: number[] = [];
  const test = TESTS[pool.labels === undefined ? 'loss' : 'accuracy'];
  for (let seed = first; seed < first + seeds; seed++) {
    const draw = drawn(pool, seed, KEPT);
    if (draw.truths.length < n || draw.stream.length < POOL_TO_SET * n) throw tooFew(n, draw);
    before.push(test.of(await retraining.before(draw.heldOut)));
    for (const [name, picker] of Object.entries(pickers)) {
      const picked = await picker(draw, signal);
      const reached = test.of(await retraining.after(picked, draw.heldOut, seed));
      measured.get(name)!.push({ reached, truths: picked.filter(pool.isTrue).length / n });
    }
  }

  const reachedBy = (name: string) => measured.get(name)!.map(({ reached }) => reached);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const worst = mean(reachedBy('random'));
  const best = mean(reachedBy('true'));
  /** What is won against another strategy, paired by seed. */
  const won = (name: string, other: string): Interval | undefined => {
    if (name === other) return undefined;
    const differences = reachedBy(other).map((reached, i) => test.sign * (reachedBy(name)[i]! - reached));
    return bootstrap(seeds, meanOf(differences), { seed: first, resamples: RESAMPLES });
  };
  const others = ['random', pool.labels === undefined ? 'topk' : 'topk_balanced', 'p_max'] as const;
  return {
    study: 'strategies',
    columns: [
      { name: 'picked by' },
      { name: test.name, digits: 4 },
      { name: 'gap closed', digits: 3 },
      { name: 'true', digits: 3 },
      ...others.map((other) => ({ name: `${test.verb} over ${other}`, digits: 4 })),
    ],
    rows: [...measured].map(([name, runs]) => [
      name,
      mean(reachedBy(name)),
      (mean(reachedBy(name)) - worst) / (best - worst),
      mean(runs.map(({ truths }) => truths)),
      ...others.map((other) => won(name, other)),
    ]),
    notes: [
      `${n} documents of ${Math.round(100 * KEPT)} % of the pool, half of the true ones held out; ${seeds} seeds from ${first} on`,
      `the head untrained: ${mean(before).toFixed(4)}${test.unit}; intervals of 95 % of the paired difference over the seeds`,
    ],
  };
}

function pickersOf(pool: KnownPool, options: StreamOptions): Readonly<Record<string, Picker>> {
  const { n } = options;
  const byPlace =
    (place: Place): Picker =>
    ({ stream }) =>
      inOrder(stream, place).slice(0, n);
  const labelled = pool.documents.every(({ label }) => label !== null);
  const balancedBy =
    (place: Place): Picker =>
    ({ stream }) =>
      balanced(inOrder(stream, place), n);
  return {
    random: ({ stream }) => stream.slice(0, n),
    true: ({ truths }) => truths.slice(0, n),
    topk: byPlace(PLACES.topk),
    ...(labelled
      ? {
          random_balanced: ({ stream }: Draw) => balanced(stream, n),
          topk_balanced: balancedBy(PLACES.topk),
          p_max_balanced: balancedBy(PLACES.p_max),
          greedy_balanced: ({ stream }: Draw, signal: AbortSignal) =>
            pickedFromStream(stream, { ...options, perClass: true }, signal),
        }
      : {}),
    p_max: byPlace(PLACES.p_max),
    p_min: byPlace(PLACES.p_min),
    bottomk: byPlace(PLACES.bottomk),
    greedy: ({ stream }, signal) => pickedFromStream(stream, options, signal),
    greedy_batched: ({ stream }, signal) => pickedFromStream(stream, { ...options, batch: BATCH }, signal),
  };
}

function tooFew(n: number, { truths, stream }: Draw): ConfigError {
  return new ConfigError(
    `-n ${n}: a draw has ${truths.length} true documents beside those held out, of ${stream.length}; ` +
      `expected at least ${n} of ${POOL_TO_SET * n}`,
  );
}
