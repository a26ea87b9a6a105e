/**
 * Non-negative least squares from its normal equations: the w ≥ 0 that makes wᵀ A w / 2 − bᵀ w least, by coordinate descent, which for
 * a positive definite A comes to the only minimum (Franc, Hlaváč and Navara, "Sequential coordinate-wise algorithm for the non-negative
 * least squares problem", 2005).
 *
 * @param a [n,n] symmetric, with positive diagonal
 * @param b [n]
 */
export function nonNegative(a: readonly ArrayLike<number>[], b: ArrayLike<number>): Float64Array {
  const n = b.length;
  const w = new Float64Array(n);
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let moved = 0;
    for (let i = 0; i < n; i++) {
      const diagonal = a[i]![i]!;
      if (!(diagonal > 0)) continue;
      let gradient = -b[i]!;
      for (let j = 0; j < n; j++) gradient += a[i]![j]! * w[j]!;
      const next = Math.max(0, w[i]! - gradient / diagonal);
      moved = Math.max(moved, Math.abs(next - w[i]!) * Math.sqrt(diagonal));
      w[i] = next;
    }
    const scale = w.reduce((most, weight, i) => Math.max(most, weight * Math.sqrt(a[i]![i]!)), 0);
    if (moved <= TOLERANCE * scale) break;
  }
  return w;
}

const MAX_SWEEPS = 10_000;
const TOLERANCE = 1e-9;
