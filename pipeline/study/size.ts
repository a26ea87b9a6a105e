/** How many documents it takes: retraining on picks of several sizes. */
import { ConfigError } from '../error.ts';
import type { Retraining } from '../evaluate/retraining.ts';
import { drawn, type KnownPool } from './known-pool.ts';
import { pickedLosses } from './picks.ts';
import type { StudyResult } from './result.ts';

export interface SizeOptions {
  readonly sizes: readonly number[];
  readonly seeds: number;
  readonly seed: number;
  readonly threads: number;
}

const KEPT = 0.8;

export async function sizeStudy(
  pool: KnownPool,
  retraining: Retraining,
  { sizes, ...options }: SizeOptions,
  signal: AbortSignal,
): Promise<StudyResult> {
  const draw = (seed: number) => drawn(pool, seed, KEPT);
  for (let seed = options.seed; seed < options.seed + options.seeds; seed++) {
    const least = draw(seed).truths.length;
    const large = sizes.find((size) => size > least);
    if (large !== undefined)
      throw new ConfigError(`--sizes: ${large} documents; a draw has ${least} true ones beside those held out`);
  }
  const rows = [];
  for (const n of sizes) {
    const { loss, saved } = await pickedLosses(pool, retraining, { n, draw, ...options }, signal);
    rows.push([n, loss['random'], loss['true'], loss['topk'], loss['greedy'], saved['topk'], saved['greedy']]);
  }
  return {
    study: 'size',
    columns: [
      { name: 'documents' },
      ...['random', 'true', 'topk', 'greedy'].map((name) => ({ name, digits: 4 })),
      { name: 'topk saves over random', digits: 4 },
      { name: 'greedy saves over random', digits: 4 },
    ],
    rows,
    notes: [`held-out loss in nats, means of ${options.seeds} seeds; intervals of 95 % of the paired difference`],
  };
}
