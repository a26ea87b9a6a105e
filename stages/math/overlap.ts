/** How much of their vocabulary two sets of documents share. */

/**
 * |A ∩ B| / |A ∪ B| of the tokens that occur at least once on either side (Jaccard index): 1 for the same vocabulary, 0 for
 * none in common, NaN where neither side has a token.
 */
export function vocabularyOverlap(a: Iterable<ArrayLike<number>>, b: Iterable<ArrayLike<number>>): number {
  const [ours, theirs] = [vocabularyOf(a), vocabularyOf(b)];
  return ours.intersection(theirs).size / ours.union(theirs).size;
}

function vocabularyOf(documents: Iterable<ArrayLike<number>>): Set<number> {
  const vocabulary = new Set<number>();
  for (const document of documents) for (let i = 0; i < document.length; i++) vocabulary.add(document[i]!);
  return vocabulary;
}
