/**
 * How far texts alone lead: BM25 with the other half of the true documents as the query. It knows half of the answer and nothing of
 * the models; a ranking that does no better has found a topic, not a tuning.
 */
import { bm25 } from '../math/bm25.ts';

/**
 * Every document is scored by the half of the true documents that it is not in: halves by place, and the others by their mean.
 * @param texts [N]
 * @param member [N]
 * @returns [N]
 */
export function textBaseline(texts: readonly string[], member: readonly boolean[]): Float64Array {
  const vocabulary = new Map<string, number>();
  const documents = texts.map((text) => termsOf(text, vocabulary));
  const index = bm25(documents);
  const half = new Map<number, number>();
  for (const [i, is] of member.entries()) if (is) half.set(i, half.size % 2);
  const [even, odd] = [0, 1].map((which) => {
    const query = documents.filter((_, i) => half.get(i) === which).flat();
    return index.scores(query).map((score, i) => score / Math.max(1, documents[i]!.length));
  }) as [Float64Array, Float64Array];
  return Float64Array.from(texts, (_, i) => {
    const which = half.get(i);
    if (which === undefined) return (even[i]! + odd[i]!) / 2;
    return (which === 0 ? odd : even)[i]!;
  });
}

function termsOf(text: string, vocabulary: Map<string, number>): number[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map((word) => {
    const known = vocabulary.get(word) ?? vocabulary.size;
    vocabulary.set(word, known);
    return known;
  });
}
