/**
 * The header of a safetensors file: 8 bytes of length n, n bytes of JSON `{name: {dtype, shape, data_offsets}}`, then the data.
 * It comes from strangers, so nothing in it is believed: sizes are bounded before memory is taken, and every tensor must lie
 * inside the file, one after the other without gaps or overlaps, as many bytes long as its type and shape say.
 */
import { BITS } from './dtype.ts';
import { CheckpointError } from './error.ts';
import { isRecord, parseStrictJson, quoted } from './json.ts';

/** A tensor as the header lists it; `offset` counts from the start of the file. */
export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly bytes: number;
}

/** Bytes before the JSON. */
export const PREFIX_BYTES = 8;
export const MAX_HEADER_BYTES = 100_000_000;

/**
 * Bytes of the JSON, from the first 8 bytes of a file of `fileBytes`.
 * @throws CheckpointError where it cannot be a safetensors file
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (prefix.length < PREFIX_BYTES) {
    throw new CheckpointError(`${file}: ${fileBytes} bytes are too few for a safetensors file; is it cut off?`);
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw new CheckpointError(
      `${file}: claims a header of ${length} bytes, at most ${MAX_HEADER_BYTES} are read; it is no safetensors file or a hostile one`,
    );
  }
  if (length > fileBytes - PREFIX_BYTES) {
    throw new CheckpointError(
      `${file}: claims a header of ${length} bytes but holds ${fileBytes - PREFIX_BYTES} after the length; is it cut off?`,
    );
  }
  return length;
}

/**
 * @param json the header's JSON, without the 8 bytes before it
 * @throws CheckpointError that names the tensor at fault
 */
export function parseHeader(json: Uint8Array, fileBytes: number, file: string): ReadonlyMap<string, StoredTensor> {
  const header = parseStrictJson(json, `the header of ${file}`);
  const dataStart = PREFIX_BYTES + json.length;
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => [name, storedTensor(name, entry, dataStart, fileBytes, file)] as const)
    .sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);

  let end = dataStart;
  for (const [name, { offset, bytes }] of tensors) {
    if (offset !== end) {
      const fault = offset < end ? 'overlaps the tensor before it' : 'leaves a gap after the tensor before it';
      throw new CheckpointError(`${file}: tensor ${quoted(name)} ${fault} (starts at byte ${offset}, expected ${end})`);
    }
    end = offset + bytes;
  }
  if (end !== fileBytes) {
    throw new CheckpointError(`${file}: its tensors end at byte ${end}, the file at byte ${fileBytes}; is it whole?`);
  }
  return new Map(tensors);
}

function storedTensor(name: string, entry: unknown, dataStart: number, fileBytes: number, file: string): StoredTensor {
  const refuse = (fault: string) => new CheckpointError(`${file}: tensor ${quoted(name)} ${fault}`);
  if (!isRecord(entry)) throw refuse('has no description');
  const { dtype, shape, data_offsets: offsets } = entry;

  const bits = typeof dtype === 'string' ? BITS.get(dtype) : undefined;
  if (typeof dtype !== 'string' || bits === undefined) {
    throw refuse(`has dtype ${quoted(dtype)}; known are ${[...BITS.keys()].join(', ')}`);
  }
  if (!isSizes(shape)) throw refuse(`has shape ${quoted(shape)}; expected a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw refuse(`has data_offsets ${quoted(offsets)}; expected [begin, end]`);
  }

  const [begin, end] = offsets as readonly [number, number];
  if (begin > end || end > fileBytes - dataStart) {
    throw refuse(`claims bytes ${begin} to ${end} of the data, which holds ${fileBytes - dataStart}`);
  }
  const expected = shape.reduce((product, size) => product * size, 1) * (bits / 8);
  if (expected !== end - begin) {
    throw refuse(`holds ${end - begin} bytes; ${dtype} of shape [${shape}] takes ${expected}`);
  }
  return { dtype, shape, offset: dataStart + begin, bytes: end - begin };
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
