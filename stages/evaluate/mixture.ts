/**
 * What the tuning data was made of: D as a sum of the groups' mean gradients, D ≈ Σ wₖ ḡₖ with wₖ ≥ 0, and the shares wₖ / Σ w. To
 * first order a tuning moves the head by the gradients of its documents, so a group weighs as much as it had documents there.
 *
 * |ḡₖ|² is that of pairs of different documents: the square of a mean of few would be larger by what is theirs alone.
 */
import { bootstrap, type Interval } from '../math/bootstrap.ts';
import { nonNegative } from '../math/non-negative.ts';

/** Documents of one group that are drawn anew together. */
export interface Block {
  /** From 0 on, without gaps. */
  readonly group: number;
  readonly documents: number;
  /** Σ ⟨g, D⟩ */
  readonly alignment: number;
  /** Σ |g|² */
  readonly squares: number;
}

/**
 * The share of each group, with an interval over the blocks.
 * @param gram [B,B] products of the blocks' sums of gradients
 */
export function mixture(
  blocks: readonly Block[],
  gram: readonly ArrayLike<number>[],
  options: { readonly seed: number; readonly resamples: number },
): readonly Interval[] {
  const groups = 1 + blocks.reduce((most, { group }) => Math.max(most, group), 0);
  const known = new Map<string, Float64Array>();

  /** Of blocks drawn so often; the groups' intervals ask for the same draws. */
  function shares(counts: Uint32Array): Float64Array {
    const name = counts.join();
    const found = known.get(name);
    if (found !== undefined) return found;
    const made = sharesOf(counts);
    known.set(name, made);
    return made;
  }

  function sharesOf(counts: Uint32Array): Float64Array {
    const size = new Float64Array(groups);
    const alignment = new Float64Array(groups);
    const own = new Float64Array(groups); // Σ over a document and itself
    const pairs = new Float64Array(groups); // so many of them
    const products = Array.from({ length: groups }, () => new Float64Array(groups));
    for (const [a, block] of blocks.entries()) {
      const times = counts[a]!;
      if (times === 0) continue;
      size[block.group]! += times * block.documents;
      alignment[block.group]! += times * block.alignment;
      own[block.group]! += times ** 2 * block.squares;
      pairs[block.group]! += times ** 2 * block.documents;
      for (const [b, other] of blocks.entries()) {
        products[block.group]![other.group]! += times * counts[b]! * gram[a]![b]!;
      }
    }
    const means = products.map((row, k) =>
      row.map((sum, l) =>
        k === l ? Math.max(0, sum - own[k]!) / (size[k]! ** 2 - pairs[k]!) : sum / (size[k]! * size[l]!),
      ),
    );
    const weights = nonNegative(
      means,
      alignment.map((sum, k) => sum / size[k]!),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => (total > 0 ? weight / total : 0));
  }

  const strata = blocks.map(({ group }) => group);
  return Array.from({ length: groups }, (_, k) =>
    bootstrap(blocks.length, (counts) => shares(counts)[k]!, { ...options, strata }),
  );
}
