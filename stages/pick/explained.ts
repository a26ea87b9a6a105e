/** How much of D the sum of gradients explains, exactly, as documents are added one by one. */
import type { GradientMatrices } from '../graph/matrix.ts';
import { dot } from '../math/vector.ts';
import type { Candidate } from './candidate.ts';

/**
 * cos(S, D) after each document [n]. S [V,d] is accumulated from the gradients themselves; ⟨S, D⟩ is the sum of exact alignments.
 * @param deltaNorm |D|
 */
export async function explained(
  documents: readonly Pick<Candidate, 'ids' | 'tokens' | 'alignment'>[],
  matrices: GradientMatrices,
  deltaNorm: number,
  signal: AbortSignal,
): Promise<readonly number[]> {
  let sum: Float32Array | undefined; // S
  let squared = 0; // |S|²
  let alignment = 0; // ⟨S, D⟩
  const cosines: number[] = [];
  for (const document of documents) {
    signal.throwIfAborted();
    const gradient = await matrices.of(document);
    sum ??= new Float32Array(gradient.length);
    squared += 2 * dot(sum, gradient) + dot(gradient, gradient);
    for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]!;
    alignment += document.alignment;
    cosines.push(squared > 0 ? alignment / (Math.sqrt(squared) * deltaNorm) : 0);
  }
  return cosines;
}

/** How many documents it takes to the highest cos(S, D); 0 of none. */
export function highestAt(cosines: readonly number[]): number {
  return cosines.reduce((best, cosine, i) => (best === 0 || cosine > cosines[best - 1]! ? i + 1 : best), 0);
}
