/**
 * The first singular values and vectors of a tall matrix M [m,n] that is read by blocks of rows and never held.
 *
 * Randomized subspace iteration (Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011, 4.4):
 * Q [n,k] starts from uniform random numbers. A pass over M takes Y = M Q and Z = MᵀY; the eigenvalues of YᵀY are the squares of the
 * singular values as Q sees them, and an orthonormal basis of Z is the next Q. All sums are kept in float64.
 */
import { type Eigen, symmetricEigen } from './eigen.ts';
import { random } from './random.ts';

export interface RowMatrix {
  /** m */
  readonly rows: number;
  /** n */
  readonly columns: number;
  /** Rows [from, to) as float32 [to-from,n]. */
  read(from: number, to: number): Promise<Float32Array>;
}

export interface Svd {
  /** [r] descending; never above the true ones, but by rounding */
  readonly values: Float64Array;
  /** U diag(values) [m,r] row-major */
  readonly left: Float32Array;
  /** V [n,r] row-major, orthonormal columns */
  readonly right: Float32Array;
  /** |M|²; less the squares of `values`, it is |M - left rightᵀ|². */
  readonly squaredNorm: number;
}

/** Columns beyond the rank: they catch what would leak into the last values wanted. */
const OVERSAMPLING = 8;
const MAX_PASSES = 8;
/** Passes end when the last one found so little more of the energy. */
const TOLERANCE = 1e-4;
/** Entries of a block of M or M Q: both stay in cache. */
const BLOCK_ENTRIES = 1 << 18;

/** @param rank singular values wanted; a smaller M has fewer */
export async function randomizedSvd(matrix: RowMatrix, rank: number, seed: number): Promise<Svd> {
  const { rows, columns } = matrix;
  const k = Math.min(rank + OVERSAMPLING, rows, columns);
  const r = Math.min(rank, k);
  const words = random(seed).words(0, 0, columns * k);
  let q = orthonormal(
    Float64Array.from(words, (word) => word / 2 ** 31 - 1),
    columns,
    k,
  );
  let energy = 0;
  for (let pass = 1; ; pass++) {
    const { y, z, gram, squaredNorm } = await passOver(matrix, q, k);
    const { values, vectors }: Eigen = symmetricEigen(gram, k);
    const squares = values.slice(0, r).map((value) => Math.max(0, value));
    const found = squares.reduce((sum, square) => sum + square, 0);
    if (pass === MAX_PASSES || found - energy <= TOLERANCE * squaredNorm) {
      return {
        values: squares.map(Math.sqrt),
        left: times(y, vectors, k, r),
        right: times(q, vectors, k, r),
        squaredNorm,
      };
    }
    energy = found;
    q = orthonormal(z, columns, k);
  }
}

interface Pass {
  /** M Q [m,k] */
  readonly y: Float32Array;
  /** MᵀM Q [n,k] */
  readonly z: Float64Array;
  /** YᵀY [k,k] */
  readonly gram: Float64Array;
  /** |M|² */
  readonly squaredNorm: number;
}

async function passOver({ rows, columns, read }: RowMatrix, q: Float64Array, k: number): Promise<Pass> {
  const y = new Float32Array(rows * k);
  const z = new Float64Array(columns * k);
  const gram = new Float64Array(k * k);
  let squaredNorm = 0;
  const step = Math.max(1, Math.floor(BLOCK_ENTRIES / columns));
  for (let from = 0; from < rows; from += step) {
    const block = await read(from, Math.min(from + step, rows));
    for (let i = 0; i < block.length; i++) squaredNorm += block[i]! ** 2;
    const p = product(block, q, columns, k);
    y.set(p, from * k);
    addGram(gram, p, k);
    addTransposedProduct(z, block, p, columns, k);
  }
  return { y, z, gram, squaredNorm };
}

/** B Q for B [b,n] and Q [n,k]: two rows of B and four of Q at a time, so that numbers are used while they are in registers. */
function product(block: Float32Array, q: Float64Array, n: number, k: number): Float64Array {
  const rows = block.length / n;
  const out = new Float64Array(rows * k);
  const evenRows = rows - (rows % 2);
  const wholeColumns = n - (n % 4);
  for (let row = 0; row < evenRows; row += 2) {
    const a = row * n;
    const b = (row + 1) * n;
    const outA = row * k;
    const outB = (row + 1) * k;
    for (let i = 0; i < wholeColumns; i += 4) {
      const a0 = block[a + i]!;
      const a1 = block[a + i + 1]!;
      const a2 = block[a + i + 2]!;
      const a3 = block[a + i + 3]!;
      const b0 = block[b + i]!;
      const b1 = block[b + i + 1]!;
      const b2 = block[b + i + 2]!;
      const b3 = block[b + i + 3]!;
      for (let j = 0, at = i * k; j < k; j++, at++) {
        const q0 = q[at]!;
        const q1 = q[at + k]!;
        const q2 = q[at + 2 * k]!;
        const q3 = q[at + 3 * k]!;
        out[outA + j]! += a0 * q0 + a1 * q1 + (a2 * q2 + a3 * q3);
        out[outB + j]! += b0 * q0 + b1 * q1 + (b2 * q2 + b3 * q3);
      }
    }
  }
  for (let row = 0; row < rows; row++) {
    for (let i = row < evenRows ? wholeColumns : 0; i < n; i++) {
      for (let j = 0; j < k; j++) out[row * k + j]! += block[row * n + i]! * q[i * k + j]!;
    }
  }
  return out;
}

/** z += BᵀP for B [b,n], P [b,k] and z [n,k]: four rows of B and two of z at a time. */
function addTransposedProduct(z: Float64Array, block: Float32Array, p: Float64Array, n: number, k: number): void {
  const rows = block.length / n;
  const wholeRows = rows - (rows % 4);
  const evenColumns = n - (n % 2);
  for (let row = 0; row < wholeRows; row += 4) {
    for (let i = 0; i < evenColumns; i += 2) {
      const at = row * n + i;
      const a0 = block[at]!;
      const a1 = block[at + n]!;
      const a2 = block[at + 2 * n]!;
      const a3 = block[at + 3 * n]!;
      const b0 = block[at + 1]!;
      const b1 = block[at + n + 1]!;
      const b2 = block[at + 2 * n + 1]!;
      const b3 = block[at + 3 * n + 1]!;
      const zA = i * k;
      const zB = (i + 1) * k;
      for (let j = 0, from = row * k; j < k; j++, from++) {
        const p0 = p[from]!;
        const p1 = p[from + k]!;
        const p2 = p[from + 2 * k]!;
        const p3 = p[from + 3 * k]!;
        z[zA + j]! += a0 * p0 + a1 * p1 + (a2 * p2 + a3 * p3);
        z[zB + j]! += b0 * p0 + b1 * p1 + (b2 * p2 + b3 * p3);
      }
    }
  }
  for (let row = 0; row < rows; row++) {
    for (let i = row < wholeRows ? evenColumns : 0; i < n; i++) {
      for (let j = 0; j < k; j++) z[i * k + j]! += block[row * n + i]! * p[row * k + j]!;
    }
  }
}

/** gram += PᵀP for P [b,k] */
function addGram(gram: Float64Array, p: Float64Array, k: number): void {
  for (let row = 0; row < p.length; row += k) {
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < k; j++) gram[i * k + j]! += p[row + i]! * p[row + j]!;
    }
  }
}

/** The first `rank` columns of A W for A [a,k] and W [k,k]. */
function times(a: Float32Array | Float64Array, w: Float64Array, k: number, rank: number): Float32Array {
  const out = new Float32Array((a.length / k) * rank);
  for (let row = 0; row < a.length / k; row++) {
    for (let j = 0; j < rank; j++) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += a[row * k + i]! * w[i * k + j]!;
      out[row * rank + j] = sum;
    }
  }
  return out;
}

/**
 * An orthonormal basis of the columns of A [n,k], by Gram-Schmidt done twice, which is enough (Giraud et al. 2005). A column that
 * is a combination of those before it becomes 0.
 */
function orthonormal(a: Float64Array, n: number, k: number): Float64Array {
  const q = a.slice();
  for (let j = 0; j < k; j++) {
    const before = length(q, n, k, j);
    for (let turn = 0; turn < 2; turn++) {
      for (let i = 0; i < j; i++) {
        let overlap = 0;
        for (let row = 0; row < n * k; row += k) overlap += q[row + i]! * q[row + j]!;
        for (let row = 0; row < n * k; row += k) q[row + j]! -= overlap * q[row + i]!;
      }
    }
    const after = length(q, n, k, j);
    const scale = after <= 1e-12 * before ? 0 : 1 / after;
    for (let row = 0; row < n * k; row += k) q[row + j]! *= scale;
  }
  return q;
}

function length(q: Float64Array, n: number, k: number, column: number): number {
  let sum = 0;
  for (let row = 0; row < n * k; row += k) sum += q[row + column]! ** 2;
  return Math.sqrt(sum);
}
