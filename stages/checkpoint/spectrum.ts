/** What a delta is like: how few directions hold it, and which tokens it makes likelier. */

import { meanRow } from '../math/mean-row.ts';
import { randomizedSvd } from '../math/svd.ts';
import { dot } from '../math/vector.ts';
import { deltaRows, type HeadDifference } from './delta.ts';

export interface Spectrum {
  /** First singular values of D, descending. */
  readonly values: Float64Array;
  /** Share of |D|² in the first `rank` of them: that of the best approximation of that rank. */
  energy(rank: number): number;
  /** That approximation, A Bᵀ. */
  factors(rank: number): Factors;
}

export interface Factors {
  readonly rank: number;
  /** [V,r] row-major, V the rows of the base's head */
  readonly a: Float32Array;
  /** [d,r] row-major, orthonormal columns */
  readonly b: Float32Array;
}

/** The first `rank` singular values and vectors of D, by randomized SVD: the same bits for the same seed. */
export async function spectrumOf(
  delta: HeadDifference,
  rank: number,
  seed: number,
  signal: AbortSignal,
): Promise<Spectrum> {
  const { vocabulary, width } = delta;
  const svd = await randomizedSvd(
    { rows: vocabulary.shared, columns: width, read: (from, to) => deltaRows(delta, [from, to], signal) },
    rank,
    seed,
  );
  const found = svd.values.length;
  return {
    values: svd.values,
    energy: (r) => svd.values.subarray(0, r).reduce((sum, value) => sum + value ** 2, 0) / svd.squaredNorm,
    factors(r) {
      const columns = Math.min(r, found);
      const a = new Float32Array(vocabulary.base * columns); // 0 on unshared rows
      a.set(firstColumns(svd.left, found, columns));
      return { rank: columns, a, b: firstColumns(svd.right, found, columns) };
    },
  };
}

function firstColumns(matrix: Float32Array, width: number, columns: number): Float32Array {
  return Float32Array.from(
    { length: (matrix.length / width) * columns },
    (_, at) => matrix[Math.floor(at / columns) * width + (at % columns)]!,
  );
}

export interface PreferredToken {
  readonly id: number;
  /** Mean change of its logit from base to tuned head. */
  readonly change: number;
}

export interface PreferredTokens {
  /** Raised most, the most first. */
  readonly up: readonly PreferredToken[];
  /** Lowered most, the most first. */
  readonly down: readonly PreferredToken[];
}

const ROWS_AT_ONCE = 4096;

/**
 * The tokens whose logits -D h the delta raises and lowers most, on average over hidden states h. Row norms of D would mislead:
 * Adam moves the rows of tokens that are absent from the data hardest.
 *
 * @param hidden [n,d] final hidden states of typical text
 */
export async function preferredTokens(
  delta: HeadDifference,
  hidden: Float32Array,
  count: number,
  signal: AbortSignal,
): Promise<PreferredTokens> {
  const { vocabulary, width } = delta;
  const mean = meanRow(hidden, width);
  const changes: PreferredToken[] = [];
  for (let from = 0; from < vocabulary.shared; from += ROWS_AT_ONCE) {
    const rows = await deltaRows(delta, [from, Math.min(from + ROWS_AT_ONCE, vocabulary.shared)], signal);
    for (let at = 0; at < rows.length; at += width) {
      changes.push({ id: from + at / width, change: -dot(rows.subarray(at, at + width), mean) });
    }
  }
  changes.sort((a, b) => b.change - a.change || a.id - b.id);
  return { up: changes.slice(0, count), down: changes.slice(-count).reverse() };
}
