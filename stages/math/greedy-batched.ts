/**
 * Greedy picking many at a time: the documents whose addition alone would raise cos(S, D) most are taken together, before any
 * product with S is looked at anew (`greedy_batched` of arXiv 2506.15553). One column of the Gram matrix a document, as in
 * greedy.ts, but a pass over the pool only for each batch.
 */
import type { Columns, Pool } from './greedy.ts';

/** Indices in the order they were picked. @throws RangeError where the pool, or what its classes may give, holds fewer than n documents */
export async function greedyBatched(
  { alignments, norms, classes }: Pool,
  n: number,
  batch: number,
  columns: Columns,
  signal: AbortSignal,
): Promise<readonly number[]> {
  if (n > norms.length) throw new RangeError(`greedy: expected a pool of at least ${n}, got ${norms.length}`);
  const allowed = classes?.quotas.reduce((sum, quota) => sum + quota, 0) ?? n;
  if (allowed < n) throw new RangeError(`greedy: expected classes that may give ${n}, got ${allowed}`);
  const products = new Float64Array(norms.length); // ⟨gᵢ, S⟩
  const left = new Set(norms.keys());
  const picked: number[] = [];
  const open = classes?.quotas.slice(); // what is left of each class
  let alignment = 0;
  let squared = 0;
  while (picked.length < n) {
    signal.throwIfAborted();
    const after = (i: number) =>
      (alignment + alignments[i]!) / Math.sqrt(Math.max(Number.MIN_VALUE, squared + 2 * products[i]! + norms[i]! ** 2));
    const room = open?.slice();
    const next = [...left]
      .map((i) => ({ i, value: after(i) }))
      .sort((a, b) => b.value - a.value || a.i - b.i)
      .filter(({ i }) => room === undefined || room[classes!.of[i]!]!-- > 0)
      .slice(0, Math.min(batch, n - picked.length))
      .map(({ i }) => i);
    for (const [c, column] of (await columns(next)).entries()) {
      const i = next[c]!;
      squared += 2 * products[i]! + norms[i]! ** 2;
      alignment += alignments[i]!;
      for (let j = 0; j < products.length; j++) products[j]! += column[j]!;
      left.delete(i);
      if (open !== undefined) open[classes!.of[i]!]!--;
      picked.push(i);
    }
  }
  return picked;
}
