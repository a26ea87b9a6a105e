/** Numbers of a replay record in few bytes. */

/** Bytes that hold every id below `vocabulary`. */
export function idBytes(vocabulary: number): 2 | 3 {
  return vocabulary <= 2 ** 16 ? 2 : 3;
}

/** Ids, little-endian, `bytes` of them each. */
export function packIds(ids: ArrayLike<number>, bytes: number): Buffer {
  const packed = Buffer.alloc(ids.length * bytes);
  for (let i = 0; i < ids.length; i++) packed.writeUIntLE(ids[i]!, i * bytes, bytes);
  return packed;
}

export function unpackIds(packed: Buffer, bytes: number): Int32Array {
  const ids = new Int32Array(packed.length / bytes);
  for (let i = 0; i < ids.length; i++) {
    const at = i * bytes;
    ids[i] = packed[at]! | (packed[at + 1]! << 8) | (bytes === 3 ? packed[at + 2]! << 16 : 0);
  }
  return ids;
}

/** Sixteen steps to a factor of two: 4 % from one to the next, down to 2⁻¹⁶. */
const STEPS = 16;

/** q of p ≈ 2^(−q/16) */
export function packChance(p: number): number {
  return Math.min(255, Math.round(-STEPS * Math.log2(Math.max(p, 1e-9))));
}

/** p by q; 0 for the last one, which stands for anything smaller. */
export const CHANCES: Float64Array = Float64Array.from({ length: 256 }, (_, q) => (q === 255 ? 0 : 2 ** (-q / STEPS)));
