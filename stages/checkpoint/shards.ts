/** The safetensors files of a checkpoint: one, or several with an index that says which tensor is where. */
import { collect } from './bytes.ts';
import { CheckpointError } from './error.ts';
import type { Folder, RangedFile } from './folder.ts';
import { isRecord, parseStrictJson, quoted } from './json.ts';
import { headerLength, PREFIX_BYTES, parseHeader, type StoredTensor } from './safetensors.ts';

export interface ShardTensor extends StoredTensor {
  readonly name: string;
  /** Name of the file that holds it. */
  readonly file: string;
}

export interface Shards {
  readonly files: ReadonlyMap<string, RangedFile>;
  readonly tensors: ReadonlyMap<string, ShardTensor>;
}

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const MAX_INDEX_BYTES = 100_000_000;
const HEADERS_AT_ONCE = 8;

/** @throws CheckpointError where there is none, one of them is missing or broken, or the index does not fit them */
export async function openShards(folder: Folder, signal: AbortSignal): Promise<Shards> {
  const single = await folder.open(SINGLE, signal);
  if (single !== undefined) {
    const header = await readHeader(single, `${folder.ref}: ${SINGLE}`, signal);
    return { files: new Map([[SINGLE, single]]), tensors: new Map(entriesOf(SINGLE, header, [...header.keys()])) };
  }

  const index = await folder.read(INDEX, MAX_INDEX_BYTES, signal);
  if (index === undefined) throw await withoutSafetensors(folder, signal);
  const namesByFile = parseIndex(index, folder.ref);
  const files = new Map<string, RangedFile>();
  const tensors = new Map<string, ShardTensor>();
  const waiting = [...namesByFile];
  const readNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, listed] = next;
      const file = await folder.open(name, signal);
      if (file === undefined)
        throw new CheckpointError(`${folder.ref}: ${INDEX} names ${name}, which is missing${folder.caveat}`);
      const header = await readHeader(file, `${folder.ref}: ${name}`, signal);
      files.set(name, file);
      for (const [tensor, entry] of entriesOf(name, header, listed)) tensors.set(tensor, entry);
    }
  };
  await Promise.all(Array.from({ length: HEADERS_AT_ONCE }, readNext));
  return { files, tensors };
}

/**
 * Tensor names by the file that holds them.
 * @throws CheckpointError where it is no index, or names anything but a file beside it
 */
export function parseIndex(bytes: Uint8Array, ref: string): ReadonlyMap<string, readonly string[]> {
  const map = parseStrictJson(bytes, `${INDEX} of ${ref}`)['weight_map'];
  if (!isRecord(map)) throw new CheckpointError(`${ref}: ${INDEX} has no "weight_map"`);
  const byFile = new Map<string, string[]>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !/^(?!\.)[^/\\\0:]+\.safetensors$/.test(file)) {
      throw new CheckpointError(
        `${ref}: ${INDEX} puts tensor ${quoted(tensor)} in ${quoted(file)}; expected the name of a .safetensors file beside it`,
      );
    }
    const names = byFile.get(file);
    if (names === undefined) byFile.set(file, [tensor]);
    else names.push(tensor);
  }
  return byFile;
}

async function readHeader(
  file: RangedFile,
  what: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StoredTensor>> {
  const prefixBytes = Math.min(file.bytes, PREFIX_BYTES);
  const prefix = await collect(file.read(0, prefixBytes, signal), prefixBytes);
  const length = headerLength(prefix, file.bytes, what);
  return parseHeader(await collect(file.read(PREFIX_BYTES, length, signal), length), file.bytes, what);
}

function* entriesOf(
  file: string,
  header: ReadonlyMap<string, StoredTensor>,
  names: readonly string[],
): Generator<readonly [string, ShardTensor]> {
  for (const name of names) {
    const stored = header.get(name);
    if (stored === undefined) throw new CheckpointError(`${INDEX}: tensor ${quoted(name)} is not in ${file}`);
    yield [name, { ...stored, name, file }];
  }
}

async function withoutSafetensors(folder: Folder, signal: AbortSignal): Promise<CheckpointError> {
  const pickled =
    (await folder.open('pytorch_model.bin', signal)) ?? (await folder.open('pytorch_model.bin.index.json', signal));
  const found =
    pickled === undefined
      ? ''
      : '; pytorch_model.bin is there, which can run code when it is read: save the model again as safetensors';
  return new CheckpointError(`${folder.ref}: has neither ${SINGLE} nor ${INDEX}${found}${folder.caveat}`);
}
