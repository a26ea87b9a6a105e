/**
 * The tail of a distribution as a generalized Pareto distribution: what rarely passes a high threshold u passes it by y with
 * P(Y > y) = (1 + ξ y/σ)^(−1/ξ) (Pickands 1975). Fitted by probability-weighted moments (Hosking and Wallis, "Parameter and Quantile
 * Estimation for the Generalized Pareto Distribution", Technometrics 29, 1987), which hold for ξ < 1/2 and need no iteration:
 *
 *     a₀ = mean(y),  a₁ = mean((1 − pᵢ) yᵢ),  pᵢ = (i − .35)/m of the i-th smallest
 *     ξ = 2 − a₀/(a₀ − 2a₁),  σ = 2 a₀ a₁/(a₀ − 2a₁)
 */
import { bootstrap, type Interval } from './bootstrap.ts';

export interface TailFit {
  /** ξ: 0 is an exponential tail, above 0 a heavier one, below 0 one that ends. */
  readonly shape: number;
  /** σ */
  readonly scale: number;
}

/**
 * @param excesses [m] y ≥ 0, ascending
 * @param counts [m] how often each was drawn; once where left out
 */
export function fitTail(excesses: Float64Array, counts?: Uint32Array): TailFit {
  const m = counts === undefined ? excesses.length : counts.reduce((sum, n) => sum + n, 0);
  let [a0, a1, before] = [0, 0, 0];
  for (const [i, y] of excesses.entries()) {
    const n = counts?.[i] ?? 1;
    // of n equal ones the mean place: before + (n + 1)/2
    const p = (before + (n + 1) / 2 - 0.35) / m;
    a0 += n * y;
    a1 += n * y * (1 - p);
    before += n;
  }
  a0 /= m;
  a1 /= m;
  if (!(a0 > 0)) return { shape: 0, scale: 0 }; // all of them are equal: the tail ends there
  const spread = a0 - 2 * a1;
  return { shape: 2 - a0 / spread, scale: (2 * a0 * a1) / spread };
}

/** By how much u is passed by a share r of what passes it. */
export function excessAt({ shape, scale }: TailFit, r: number): number {
  return Math.abs(shape) < 1e-9 ? -scale * Math.log(r) : (scale / shape) * (r ** -shape - 1);
}

const RESAMPLES = 200;

/**
 * The value that a share `rate` of all passes, from the largest m of n: u is the least of them. The interval is that of the bootstrap,
 * at .95; it holds what was drawn by chance, not that the tail may go on otherwise than it began.
 *
 * @param largest [m] descending
 * @param n numbers there were in all, > m
 * @param rate below m/n
 */
export function tailQuantile(largest: Float64Array, n: number, rate: number, seed: number): Interval {
  const u = largest.at(-1)!;
  const excesses = largest.slice(0, -1).reverse();
  for (const [i, value] of excesses.entries()) excesses[i] = value - u;
  const r = rate / (excesses.length / n);
  const at = (counts?: Uint32Array) => u + excessAt(fitTail(excesses, counts), r);
  const { low, high } = bootstrap(excesses.length, at, { seed, resamples: RESAMPLES });
  return { value: at(), low, high };
}
