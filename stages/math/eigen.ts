/** Eigenvalues of small symmetric matrices. */

export interface Eigen {
  /** [n], descending */
  readonly values: Float64Array;
  /** [n,n] row-major: column j belongs to values[j] */
  readonly vectors: Float64Array;
}

const MAX_SWEEPS = 60;

/**
 * Cyclic Jacobi rotations (Golub and Van Loan, "Matrix Computations", 4th ed., 8.5): slow for large n, exact to rounding.
 * @param matrix [n,n] symmetric, left alone
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = matrix.slice();
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;

  for (let sweep = 0; sweep < MAX_SWEEPS && !isDiagonal(a, n); sweep++) {
    for (let p = 0; p < n - 1; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = a[p * n + q]!;
        if (off === 0) continue;
        const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * off);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let i = 0; i < n; i++) rotate(a, i * n + p, i * n + q, c, s);
        for (let i = 0; i < n; i++) rotate(a, p * n + i, q * n + i, c, s);
        for (let i = 0; i < n; i++) rotate(v, i * n + p, i * n + q, c, s);
      }
    }
  }

  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!);
  return {
    values: Float64Array.from(order, (i) => a[i * n + i]!),
    vectors: v.map((_, at) => v[at - (at % n) + order[at % n]!]!),
  };
}

/** (x, y) becomes (c x - s y, s x + c y). */
function rotate(a: Float64Array, x: number, y: number, c: number, s: number): void {
  const ax = a[x]!;
  const ay = a[y]!;
  a[x] = c * ax - s * ay;
  a[y] = s * ax + c * ay;
}

function isDiagonal(a: Float64Array, n: number): boolean {
  let [off, all] = [0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const square = a[i * n + j]! ** 2;
      all += square;
      if (i !== j) off += square;
    }
  }
  return off <= 1e-30 * all;
}
