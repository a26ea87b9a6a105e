/** Element types of safetensors files, and the ones whose values we read. */

/** Bits of an element. */
export const BITS: ReadonlyMap<string, number> = new Map([
  ['BOOL', 8],
  ['U8', 8],
  ['I8', 8],
  ['I16', 16],
  ['U16', 16],
  ['I32', 32],
  ['U32', 32],
  ['I64', 64],
  ['U64', 64],
  ['F64', 64],
  ['C64', 64],
  ['F32', 32],
  ['F16', 16],
  ['BF16', 16],
  ['F8_E4M3', 8],
  ['F8_E5M2', 8],
  ['F8_E8M0', 8],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['F4', 4],
]);

export const READABLE = ['F32', 'F16', 'BF16'] as const;
export type Dtype = (typeof READABLE)[number];

export function isReadable(dtype: string): dtype is Dtype {
  return (READABLE as readonly string[]).includes(dtype);
}

/** Bytes of an element. */
export function widthOf(dtype: Dtype): number {
  return BITS.get(dtype)! / 8;
}

/** Stored little-endian elements as float32, exactly. `bytes` need not be aligned and is left alone. */
export function toFloat32(bytes: Uint8Array, dtype: Dtype): Float32Array {
  const { buffer } = Uint8Array.from(bytes); // aligned
  if (dtype === 'F32') return new Float32Array(buffer);
  if (dtype === 'F16') return new Float32Array(new Float16Array(buffer));
  const words = new Uint16Array(buffer);
  const widened = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) widened[i] = words[i]! << 16;
  return new Float32Array(widened.buffer);
}

/** The value that `value` becomes when it is stored as `dtype`: the nearest one, ties to even. */
export function rounded(value: number, dtype: Dtype): number {
  if (dtype === 'F32') return Math.fround(value);
  if (dtype === 'F16') return Math.f16round(value);
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  scratch.setUint32(0, (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
  return scratch.getFloat32(0);
}

/** Whether two stored values may be one value, rounded to the type of the one or the other. */
export function equalUpToRounding(a: number, aType: Dtype, b: number, bType: Dtype): boolean {
  return a === b || rounded(a, bType) === b || rounded(b, aType) === a;
}

const scratch = new DataView(new ArrayBuffer(4));
