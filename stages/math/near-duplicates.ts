/** Documents that say nearly what another one says, by the stretches of tokens they share. */
import { shinglesOf } from './shingles.ts';

/** Jaccard index of the shingles from which on two documents are one. */
const THRESHOLD = 0.7;

/**
 * Indices of the documents to keep, in the order given: those that share less than the threshold of their shingles with every
 * document kept before them. Exact, through an index of the kept documents' shingles. A document shorter than a shingle is one
 * shingle.
 */
export function withoutNearDuplicates(documents: readonly Int32Array[]): readonly number[] {
  const holders = new Map<number, number[]>();
  const sizes = new Map<number, number>();
  const kept: number[] = [];
  for (const [d, tokens] of documents.entries()) {
    const shingles = shinglesOf(tokens);
    const common = new Map<number, number>();
    for (const shingle of shingles) {
      for (const other of holders.get(shingle) ?? []) common.set(other, (common.get(other) ?? 0) + 1);
    }
    const near = [...common].some(([other, both]) => both >= THRESHOLD * (shingles.size + sizes.get(other)! - both));
    if (near) continue;
    kept.push(d);
    sizes.set(d, shingles.size);
    for (const shingle of shingles) {
      const list = holders.get(shingle);
      if (list === undefined) holders.set(shingle, [d]);
      else list.push(d);
    }
  }
  return kept;
}
