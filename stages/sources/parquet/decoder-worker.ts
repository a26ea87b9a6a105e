/** The worker thread's side of decoder.ts: hyparquet, which a damaged file can keep busy without end. */
import { isUtf8 } from 'node:buffer';
import { parentPort } from 'node:worker_threads';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type RowGroup,
} from 'hyparquet';
import { Damage } from '../bytes/damage.ts';
import type { Ask, Footer, FromDecoder, Row, ToDecoder } from './decoder.ts';
import { decompressors } from './decompressors.ts';

const port = parentPort!;
const reads = new Map<number, (bytes: ArrayBuffer) => void>();
let asked = 0;
let metadata: FileMetaData | undefined;

port.on('message', (message: ToDecoder) => {
  if (message.kind === 'bytes') {
    reads.get(message.id)?.(message.bytes);
    reads.delete(message.id);
  } else {
    void answer(message);
  }
});

async function answer(ask: Ask): Promise<void> {
  try {
    const result = ask.kind === 'footer' ? await footer(fileOf(ask.size)) : await rows(ask);
    send({ kind: 'done', result });
  } catch (error) {
    const { message } = error as Error;
    send({ kind: 'damaged', code: error instanceof Damage ? error.code : 'corrupt-member', message });
  }
}

function fileOf(size: number): AsyncBuffer {
  return { byteLength: size, slice: (from, to = size) => read(from, Math.min(to, size)) };
}

function read(from: number, to: number): Promise<ArrayBuffer> {
  const { promise, resolve } = Promise.withResolvers<ArrayBuffer>();
  const id = asked++;
  reads.set(id, resolve);
  send({ kind: 'read', id, from, to });
  return promise;
}

/** What was last read of a group, by its range: rows of a group come in several batches. */
let held: { readonly group: number; readonly ranges: Map<string, Promise<ArrayBuffer>> } | undefined;

/** The file, of which at most `max` bytes are held for a batch of the group's rows. */
function groupOf(size: number, group: number, max: number): AsyncBuffer {
  const before = held?.group === group ? held.ranges : new Map<string, Promise<ArrayBuffer>>();
  const ranges = new Map<string, Promise<ArrayBuffer>>();
  let left = max;
  held = { group, ranges };
  return {
    byteLength: size,
    slice(from, end = size) {
      const to = Math.min(end, size);
      left -= to - from;
      if (left < 0) throw new Damage('too-large', `its columns have more than ${max} bytes as stored`);
      const range = `${from}-${to}`;
      const bytes = ranges.get(range) ?? before.get(range) ?? read(from, to);
      ranges.set(range, bytes);
      return bytes;
    },
  };
}

async function footer(file: AsyncBuffer): Promise<Footer> {
  metadata = await parquetMetadataAsync(file);
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  return {
    columns: names,
    groups: metadata.row_groups.map(({ num_rows: rows, columns }) => ({
      rows: Number(rows),
      ...rangeOf(columns),
      unpacked: names.map((name) => unpackedBytes(name, columns)),
    })),
  };
}

function unpackedBytes(column: string, columns: RowGroup['columns']): number {
  const parts = columns.flatMap(({ meta_data: part }) => (part?.path_in_schema[0] === column ? [part] : []));
  return parts.reduce((sum, part) => sum + Number(part.total_uncompressed_size), 0);
}

/** From the first page of the first column to the end of the last one. */
function rangeOf(columns: RowGroup['columns']): { readonly offset: number; readonly length: number } {
  const ranges = columns.flatMap(({ meta_data: column }) => {
    if (column === undefined) return [];
    const offset = Number(column.dictionary_page_offset ?? column.data_page_offset);
    return [{ offset, end: offset + Number(column.total_compressed_size) }];
  });
  const offset = Math.min(...ranges.map((range) => range.offset));
  return { offset, length: Math.max(...ranges.map(({ end }) => end)) - offset };
}

/** A thread that follows one that had to be ended has not seen the footer. */
async function rows({ size, group, from, to, columns, maxBytes }: Ask & { kind: 'rows' }): Promise<readonly Row[]> {
  metadata ??= await parquetMetadataAsync(fileOf(size));
  const found = await parquetReadObjects({
    file: groupOf(size, group, maxBytes),
    metadata,
    useOffsetIndex: true,
    columns: [...columns],
    rowStart: from,
    rowEnd: to,
    compressors: decompressors(maxBytes),
    parsers: { stringFromBytes: (bytes) => (isUtf8(bytes) ? Buffer.from(bytes).toString() : Uint8Array.from(bytes)) },
  });
  const last = found.at(-1);
  if (last !== undefined && Object.values(last).every((value) => value === undefined)) {
    throw new Damage('corrupt-member', 'it holds fewer rows than it says');
  }
  return found;
}

function send(message: FromDecoder): void {
  port.postMessage(message);
}
