/** Directions in which vectors are long. */
import { symmetricEigen } from './eigen.ts';

/**
 * The first principal directions of vectors, which are not centred: U with UᵀU = 1 for which Σ |xᵢ U|² is largest, by the
 * eigenvectors of the Gram matrix X Xᵀ (n is small). A direction's sign is such that its largest entry is positive.
 *
 * @param vectors X [n,d]
 * @returns U [d,r]; fewer than `rank` directions where the vectors span no more
 */
export function principalDirections(
  vectors: Float32Array,
  width: number,
  rank: number,
): { readonly rank: number; readonly directions: Float32Array } {
  const n = vectors.length / width;
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let k = 0; k < width; k++) dot += vectors[i * width + k]! * vectors[j * width + k]!;
      gram[i * n + j] = dot;
      gram[j * n + i] = dot;
    }
  }
  const { values, vectors: own } = symmetricEigen(gram, n);
  const spanned = values.findIndex((value) => !(value > 1e-9 * values[0]!));
  const found = Math.min(rank, spanned === -1 ? n : spanned, width);
  const directions = new Float32Array(width * found);
  for (let r = 0; r < found; r++) {
    const direction = new Float64Array(width); // Xᵀ v / |Xᵀ v|
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < width; k++) direction[k]! += own[i * n + r]! * vectors[i * width + k]!;
    }
    const largest = direction.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
    const length = Math.sign(largest) * Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
    for (let k = 0; k < width; k++) directions[k * found + r] = direction[k]! / length;
  }
  return { rank: found, directions };
}
