/**
 * CountSketch of a long vector: every entry is added, with a sign of its own, to one of k numbers drawn for it. Products of
 * sketches of unit vectors have a standard deviation of about 1/√k around the products of the vectors (Charikar, Chen and
 * Farach-Colton, "Finding frequent items in data streams", 2002). It sees each entry once, so it takes the vector whole; the
 * sketch of sketch.ts is for gradients that are never formed.
 */
import { random } from './random.ts';

/** Words drawn at a time. */
const BLOCK = 1 << 20;

/** @returns the map from vectors of `length` to [2^bits], `bits` at most 16 */
export function countSketch(seed: number, bits: number, length: number): (vector: Float32Array) => Float32Array {
  if (!(bits >= 1 && bits <= 16)) throw new RangeError(`count sketch: expected 1 to 16 bits, got ${bits}`);
  const draw = random(seed);
  const places = new Uint16Array(length);
  const signs = new Int8Array(length);
  for (let from = 0; from < length; from += BLOCK) {
    const words = draw.words(0, from, Math.min(BLOCK, length - from));
    for (let i = 0; i < words.length; i++) {
      places[from + i] = words[i]! >>> (32 - bits);
      signs[from + i] = 1 - 2 * (words[i]! & 1);
    }
  }

  return (vector) => {
    if (vector.length !== length) throw new RangeError(`count sketch: ${vector.length} entries, expected ${length}`);
    const sums = new Float64Array(2 ** bits);
    for (let i = 0; i < length; i++) sums[places[i]!]! += signs[i]! * vector[i]!;
    return Float32Array.from(sums);
  };
}
