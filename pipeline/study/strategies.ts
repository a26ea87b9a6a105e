/**
 * Which strategy picks the documents that teach a head most: each trains the head of the base, and is tested on true documents that were
 * held out. Every seed is a fresh 80 % of the pool in a fresh order, with a fresh order of training; strategies are compared seed by seed.
 */
import { bootstrap, type Interval, meanOf } from '../../stages/math/bootstrap.ts';
import { balanced } from '../../stages/pick/balanced.ts';
import { pickedFromStream, type StreamOptions } from '../../stages/pick/from-stream.ts';
import { inOrder, PLACES, type Place } from '../../stages/pick/order.ts';
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
  const measured = new Map(Object.keys(pickers).map((name) => [name, [] as { loss: number; truths: number }[]]));
  const before: number[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const draw = drawn(pool, seed, KEPT);
    if (draw.truths.length < n || draw.stream.length < POOL_TO_SET * n) throw tooFew(n, draw);
    before.push((await retraining.before(draw.heldOut)).loss);
    for (const [name, picker] of Object.entries(pickers)) {
      const picked = await picker(draw, signal);
      const { loss } = await retraining.after(picked, draw.heldOut, seed);
      measured.get(name)!.push({ loss, truths: picked.filter(pool.isTrue).length / n });
    }
  }

  const losses = (name: string) => measured.get(name)!.map(({ loss }) => loss);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const worst = mean(losses('random'));
  const best = mean(losses('true'));
  /** What is saved against another strategy, paired by seed. */
  const saved = (name: string, other: string): Interval | undefined => {
    if (name === other) return undefined;
    const differences = losses(other).map((loss, i) => loss - losses(name)[i]!);
    return bootstrap(seeds, meanOf(differences), { seed: first, resamples: RESAMPLES });
  };
  const others = ['random', 'topk', 'p_max'] as const;
  return {
    study: 'strategies',
    columns: [
      { name: 'picked by' },
      { name: 'held-out loss', digits: 4 },
      { name: 'gap closed', digits: 3 },
      { name: 'true', digits: 3 },
      ...others.map((other) => ({ name: `saves over ${other}`, digits: 4 })),
    ],
    rows: [...measured].map(([name, runs]) => [
      name,
      mean(losses(name)),
      (worst - mean(losses(name))) / (worst - best),
      mean(runs.map(({ truths }) => truths)),
      ...others.map((other) => saved(name, other)),
    ]),
    notes: [
      `${n} documents of ${Math.round(100 * KEPT)} % of the pool, half of the true ones held out; ${seeds} seeds from ${first} on`,
      `the head untrained: ${mean(before).toFixed(4)} nats; intervals of 95 % of the paired difference over the seeds`,
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
  return {
    random: ({ stream }) => stream.slice(0, n),
    true: ({ truths }) => truths.slice(0, n),
    topk: byPlace(PLACES.topk),
    ...(labelled ? { topk_balanced: ({ stream }: Draw) => balanced(inOrder(stream, PLACES.topk), n) } : {}),
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
