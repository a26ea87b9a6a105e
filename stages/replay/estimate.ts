/** Scores from replay records: no model, no hidden state, a few dot products a position. */
import type { Basis, Replay } from '../../schemas/types.ts';
import { CHANCES, unpackIds } from './packing.ts';
import { LIKELY, spread } from './record.ts';

/** What a delta D = W0 − W1 [V,d] comes down to for records of one basis. */
export interface DeltaView {
  readonly rank: number;
  /** d − r */
  readonly outside: number;
  readonly steps: Float32Array;
  /** [V,r] D'U, in units of the basis's steps; D' = D − 1 D̄ᵀ, D̄ the mean row by `typical` probability */
  readonly rows: Float32Array;
  /** [V] |D'ᵥ|² outside of the basis */
  readonly rest: Float32Array;
  /** [r] Σᵥ πᵥ (D'U)ᵥ², in units of steps, π the typical probabilities */
  readonly spread: Float64Array;
}

/**
 * ⟨G, D⟩ = ⟨G, D'⟩, since the rows of P − Y sum to 0: what all of D's rows have in common moves nothing.
 *
 * @param blocks D by rows, in order, as often as asked; rows that are not given are 0
 */
export async function deltaView(
  basis: Basis,
  blocks: () => AsyncIterable<{ readonly from: number; readonly rows: Float64Array }>,
): Promise<DeltaView> {
  const { rank, directions, typical, steps } = basis;
  const [vocabulary, width] = [typical.length, directions.length / rank];
  const mass = typical.reduce((total, p) => total + p, 0);
  const mean = new Float64Array(width); // D̄
  for await (const { from, rows } of blocks()) {
    for (let i = 0; i < rows.length / width; i++) {
      const p = typical[from + i]! / mass;
      for (let k = 0; k < width; k++) mean[k]! += p * rows[i * width + k]!;
    }
  }
  const meanSquare = mean.reduce((total, value) => total + value * value, 0);
  const inside = new Float64Array(vocabulary * rank); // D U
  const rest = new Float32Array(vocabulary).fill(meanSquare); // |D'ᵥ|², of which the part inside is taken away below
  for await (const { from, rows } of blocks()) {
    for (let i = 0; i < rows.length / width; i++) {
      const v = from + i;
      let square = 0;
      for (let k = 0; k < width; k++) {
        const value = rows[i * width + k]!;
        square += (value - mean[k]!) ** 2;
        for (let r = 0; r < rank; r++) inside[v * rank + r]! += value * directions[k * rank + r]!;
      }
      rest[v] = square;
    }
  }
  const meanInside = new Float64Array(rank);
  for (let k = 0; k < width; k++) for (let r = 0; r < rank; r++) meanInside[r]! += mean[k]! * directions[k * rank + r]!;

  const view = new Float32Array(vocabulary * rank);
  const moments = new Float64Array(rank);
  for (let v = 0; v < vocabulary; v++) {
    let square = 0;
    for (let r = 0; r < rank; r++) {
      const value = inside[v * rank + r]! - meanInside[r]!;
      square += value * value;
      view[v * rank + r] = value * steps[r]!;
    }
    rest[v] = Math.max(0, rest[v]! - square);
    const p = typical[v]! / mass;
    for (let r = 0; r < rank; r++) moments[r]! += p * view[v * rank + r]! ** 2;
  }
  return { rank, outside: width - rank, steps, rows: view, rest, spread: moments };
}

/** Of one window. */
export interface Estimate {
  /** ⟨G, D⟩ */
  readonly alignment: number;
  /** Of `alignment`. */
  readonly standardError: number;
  /** [tokens] what each scored token adds to it; 0 where its position was not kept */
  readonly tokenAlignment: Float32Array;
}

/**
 * Of every kept window, with aₜ = (Pₜ − Yₜ) D' · hₜ by the likeliest tokens and the kept directions. The standard error adds up,
 * over positions, what was left out: of a hidden state the part outside of the basis, taken as if its direction were random, and
 * of P the tokens that are not among the likeliest, taken as a draw by typical probability; and where positions were thinned out,
 * that the others were not seen.
 */
export function estimates(record: Replay, delta: DeltaView): readonly Estimate[] {
  const { rank, rows, rest } = delta;
  const ids = unpackIds(record.ids, record.idBytes);
  const likely = unpackIds(record.likely, record.idBytes);
  const coefficients = new Int8Array(
    record.coefficients.buffer,
    record.coefficients.byteOffset,
    record.coefficients.length,
  );
  const lengths = hiddenLengths(record, coefficients, delta);
  const found: Estimate[] = [];
  let [at, end] = [0, 0];
  for (let w = 0; w < record.kept.length; w++) {
    end += record.lengths[w]!;
    const [count, scored] = [record.kept[w]!, record.tokens[w]!];
    let [sum, squares, doubt] = [0, 0, 0];
    const tokenAlignment = new Float32Array(scored);
    for (const t of spread(scored, count)) {
      const target = ids[end - scored + t]!;
      const c = coefficients.subarray(at * rank, (at + 1) * rank);
      let aligned = -dotRow(rows, target, c);
      let outside = rest[target]!;
      let left = 1;
      for (let k = at * LIKELY; k < (at + 1) * LIKELY; k++) {
        const p = CHANCES[record.chances[k]!]!;
        left -= p;
        aligned += p * dotRow(rows, likely[k]!, c);
        outside += p * p * rest[likely[k]!]!;
      }
      const unseen = lengths[at]! ** 2 / Math.max(1, delta.outside);
      doubt += unseen * outside + Math.max(0, left) ** 2 * weighted(delta.spread, c);
      sum += aligned;
      squares += aligned * aligned;
      tokenAlignment[t] = aligned / count;
      at++;
    }
    const mean = sum / count;
    const between = count > 1 ? (squares / count - mean * mean) / (count - 1) : mean * mean;
    const thinned = Math.max(0, between) * (1 - count / scored);
    found.push({ alignment: mean, standardError: Math.sqrt(doubt / count ** 2 + thinned), tokenAlignment });
  }
  return found;
}

/** [n] length of each hidden state outside of the basis: by its length inside, and the share that is kept of it. */
function hiddenLengths({ rest }: Replay, coefficients: Int8Array, { rank, steps }: DeltaView): Float64Array {
  return Float64Array.from(rest, (part, n) => {
    let inside = 0;
    for (let r = 0; r < rank; r++) inside += (coefficients[n * rank + r]! * steps[r]!) ** 2;
    const share = Math.min(254, part) / 255; // sin of its angle with the basis
    return (Math.sqrt(inside) * share) / Math.sqrt(1 - share * share);
  });
}

function dotRow(rows: Float32Array, row: number, c: Int8Array): number {
  const from = row * c.length;
  let sum = 0;
  for (let r = 0; r < c.length; r++) sum += rows[from + r]! * c[r]!;
  return sum;
}

/** Σᵣ Mᵣᵣ cᵣ² */
function weighted(moments: Float64Array, c: Int8Array): number {
  let sum = 0;
  for (let r = 0; r < c.length; r++) sum += moments[r]! * c[r]! * c[r]!;
  return sum;
}
