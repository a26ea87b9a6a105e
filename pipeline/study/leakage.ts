/** How much of the true data has to be in the pool: from a tenth to nine tenths of what is not held out. */
import { random } from '../../stages/math/random.ts';
import { ConfigError } from '../error.ts';
import type { Retraining } from '../evaluate/retraining.ts';
import { type Draw, drawn, type KnownPool } from './known-pool.ts';
import { pickedLosses } from './picks.ts';
import type { StudyResult } from './result.ts';

export interface LeakageOptions {
  readonly n: number;
  readonly seeds: number;
  readonly seed: number;
  readonly threads: number;
}

const SHARES = [0.1, 0.3, 0.5, 0.7, 0.9] as const;
/** Of random.ts, beside those of known-pool.ts. */
const LEAK_STREAM = 2;

export async function leakageStudy(
  pool: KnownPool,
  retraining: Retraining,
  options: LeakageOptions,
  signal: AbortSignal,
): Promise<StudyResult> {
  const { n } = options;
  const { truths } = drawn(pool, options.seed, 1);
  if (n > truths.length)
    throw new ConfigError(`-n ${n}: half of the true documents are held out, and ${truths.length} are left`);
  const rows = [];
  for (const share of SHARES) {
    const draw = (seed: number) => leaked(pool, seed, share);
    const { loss, saved, truths: found } = await pickedLosses(pool, retraining, { draw, ...options }, signal);
    rows.push([
      `${100 * share} %`,
      loss['random'],
      loss['topk'],
      loss['greedy'],
      saved['topk'],
      saved['greedy'],
      found['topk'],
      found['greedy'],
    ]);
  }
  return {
    study: 'leakage',
    columns: [
      { name: 'true data in the pool' },
      ...['random', 'topk', 'greedy'].map((name) => ({ name, digits: 4 })),
      { name: 'topk saves over random', digits: 4 },
      { name: 'greedy saves over random', digits: 4 },
      { name: 'true among topk', digits: 3 },
      { name: 'true among greedy', digits: 3 },
    ],
    rows,
    notes: [
      `held-out loss in nats of ${n} picked documents, means of ${options.seeds} seeds; intervals of 95 % of the paired difference`,
      'the pool holds that share of the true documents that are not held out, and all others',
    ],
  };
}

/** `truths` stays whole: what to compare with does not change with the pool. */
function leaked(pool: KnownPool, seed: number, share: number): Draw {
  const draw = drawn(pool, seed, 1);
  const order = random(seed).permutation(LEAK_STREAM, draw.truths.length);
  const kept = new Set(Array.from(order.subarray(0, Math.round(share * order.length)), (i) => draw.truths[i]!));
  return { ...draw, stream: draw.stream.filter((document) => !pool.isTrue(document) || kept.has(document)) };
}
