/** The mean of the rows of a matrix [n,d]: [d] */
export function meanRow(rows: Float32Array, width: number): Float32Array {
  const sum = new Float64Array(width);
  for (let at = 0; at < rows.length; at++) sum[at % width]! += rows[at]!;
  const n = rows.length / width;
  return Float32Array.from(sum, (value) => value / n);
}
