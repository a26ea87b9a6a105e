/** Losses after retraining on what random draws, true documents, the ranking and greedy pick, seed by seed. */
import { bootstrap, type Interval, meanOf } from '../../stages/math/bootstrap.ts';
import { picksOf } from '../evaluate/replacing.ts';
import type { Retraining } from '../evaluate/retraining.ts';
import type { Draw, KnownPool } from './known-pool.ts';

export interface PickedLosses {
  /** Mean held-out loss by way to pick: random, true, topk, greedy. */
  readonly loss: Readonly<Record<string, number>>;
  /** Saved against random, paired by seed. */
  readonly saved: Readonly<Record<string, Interval>>;
  /** Mean share of true documents. */
  readonly truths: Readonly<Record<string, number>>;
}

export interface PickedLossesOptions {
  readonly n: number;
  readonly seeds: number;
  readonly seed: number;
  readonly threads: number;
  draw(seed: number): Draw;
}

const RESAMPLES = 2000;

export async function pickedLosses(
  pool: KnownPool,
  retraining: Retraining,
  { n, seeds, seed: first, threads, draw }: PickedLossesOptions,
  signal: AbortSignal,
): Promise<PickedLosses> {
  const losses = new Map<string, number[]>();
  const truths = new Map<string, number[]>();
  const add = (to: Map<string, number[]>, name: string, value: number) =>
    to.set(name, [...(to.get(name) ?? []), value]);
  for (let seed = first; seed < first + seeds; seed++) {
    const drawn = draw(seed);
    const picks = await picksOf(pool, drawn, { n, threads, scores: { topk: ({ cosine }) => cosine } }, signal);
    for (const [name, documents] of picks) {
      add(losses, name, (await retraining.after(documents, drawn.heldOut, seed)).loss);
      add(truths, name, documents.filter(pool.isTrue).length / documents.length);
    }
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const random = losses.get('random')!;
  const each = <T>(of: Map<string, number[]>, make: (values: readonly number[]) => T) =>
    Object.fromEntries([...of].map(([name, values]) => [name, make(values)]));
  return {
    loss: each(losses, mean),
    truths: each(truths, mean),
    saved: each(losses, (values) =>
      bootstrap(seeds, meanOf(random.map((loss, i) => loss - values[i]!)), { seed: first, resamples: RESAMPLES }),
    ),
  };
}
