/** Kernels over Float32Array. Sums are kept in float64: a float32 sum loses digits long before 10⁶ terms. */

/** ⟨a, b⟩ for a, b of shape [d]. Four partial sums: a single one would wait for each addition before the next. */
export function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new RangeError(`dot: ${a.length} against ${b.length} dimensions`);
  const whole = a.length - (a.length % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}

/** ‖a‖₂ for a of shape [d] */
export function norm(a: Float32Array): number {
  return Math.sqrt(dot(a, a));
}
