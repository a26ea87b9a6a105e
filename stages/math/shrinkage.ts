/**
 * Sketched cosines carry noise, and whoever picks the best of many picks the luckiest noise. So each is pulled towards the mean
 * of all: q′ = μ + λ (q − μ), with λ = max(0, v − noise²) / v the share of their variance v that is no noise.
 *
 * The noise needs no model: a sketch whose ⟨Pg, Ph⟩ has variance σ²‖g‖²‖h‖² for directions far apart has one of 2σ²‖g‖⁴ for
 * ‖Pg‖², and there the truth is known. Both moments are of independent signs: E⟨Pg, Ph⟩² − ⟨g, h⟩² = Σ gᵢ²hⱼ² + gᵢhᵢgⱼhⱼ over
 * the pairs i ≠ j that share a bucket, whose second part is as large as the first where h = g and small where they are apart.
 */
import type { Columns } from './greedy.ts';

export interface Shrinkage {
  /** μ: the mean of sketched cosines */
  readonly mean: number;
  /** λ in [0, 1] */
  readonly factor: number;
}

export interface ShrinkageEstimate {
  /** A sketched cosine ⟨Pg, Ph⟩ / ‖g‖‖h‖ of two different documents. */
  pair(cosine: number): void;
  /** What a sketch makes of a document's squared length: ‖Pg‖² / ‖g‖². */
  length(ratio: number): void;
  /** By what has been seen; before two of each, all is taken for noise about the mean. */
  current(): Shrinkage;
  /** How many lengths it has seen. */
  readonly count: number;
  /** [6] all there is to know of it, for `shrinkageEstimate(state)` to go on from. */
  state(): Float64Array;
}

export function shrinkageEstimate(state: ArrayLike<number> = [0, 0, 0, 0, 0, 0]): ShrinkageEstimate {
  const [pairs, ratios] = [moments(state[0]!, state[1]!, state[2]!), moments(state[3]!, state[4]!, state[5]!)];
  return {
    pair: pairs.add,
    length: ratios.add,

    get count() {
      return ratios.count();
    },

    current() {
      const variance = pairs.variance();
      const noise2 = ratios.variance() / 2;
      const known = variance > 0 && ratios.count() > 1;
      return { mean: pairs.mean(), factor: known ? Math.max(0, variance - noise2) / variance : 0 };
    },

    state: () => Float64Array.of(...pairs.state(), ...ratios.state()),
  };
}

/** Running mean and variance, by Welford's recurrence. */
function moments(count: number, mean: number, squares: number) {
  return {
    add(x: number): void {
      count++;
      const before = x - mean;
      mean += before / count;
      squares += before * (x - mean);
    },
    count: () => count,
    mean: () => mean,
    variance: () => (count > 1 ? squares / (count - 1) : 0),
    state: () => [count, mean, squares],
  };
}

/** Documents whose products with all others the estimate is made from. */
const SAMPLE = 256;

/**
 * Columns of a sketched Gram matrix, shrunk, with exact squared lengths on the diagonal.
 * @param norms [M] exact lengths ‖g‖
 */
export async function shrunkColumns(columns: Columns, norms: Float64Array): Promise<Columns> {
  const size = norms.length;
  const estimate = shrinkageEstimate();
  const sampled = Math.min(SAMPLE, size);
  const sample = Array.from({ length: sampled }, (_, i) => Math.floor((i * size) / sampled));
  for (const [c, column] of (await columns(sample)).entries()) {
    const j = sample[c]!;
    for (let i = 0; i < size; i++) {
      const ratio = column[i]! / (norms[i]! * norms[j]!);
      if (i === j) estimate.length(ratio);
      else estimate.pair(ratio);
    }
  }
  const { mean, factor } = estimate.current();

  return async (indices) => {
    const sketched = await columns(indices);
    return sketched.map((column, c) => {
      const j = indices[c]!;
      const middle = (1 - factor) * mean * norms[j]!;
      const shrunk = column.map((product, i) => factor * product + middle * norms[i]!);
      shrunk[j] = norms[j]! ** 2;
      return shrunk;
    });
  };
}
