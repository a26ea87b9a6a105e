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
    const result = ask.kind === 'footer' ? await footer(fileOf(ask.size)) : await rows(fileOf(ask.size), ask);
    send({ kind: 'done', result });
  } catch (error) {
    const { message } = error as Error;
    send({ kind: 'damaged', code: error instanceof Damage ? error.code : 'corrupt-member', message });
  }
}

function fileOf(size: number): AsyncBuffer {
  return {
    byteLength: size,
    slice(from, to = size) {
      const { promise, resolve } = Promise.withResolvers<ArrayBuffer>();
      const id = asked++;
      reads.set(id, resolve);
      send({ kind: 'read', id, from, to: Math.min(to, size) });
      return promise;
    },
  };
}

async function footer(file: AsyncBuffer): Promise<Footer> {
  metadata = await parquetMetadataAsync(file);
  return {
    columns: parquetSchema(metadata).children.map(({ element }) => element.name),
    groups: metadata.row_groups.map(({ num_rows: rows, columns }) => ({ rows: Number(rows), ...rangeOf(columns) })),
  };
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
async function rows(
  file: AsyncBuffer,
  { from, to, columns, maxBytes }: Ask & { kind: 'rows' },
): Promise<readonly Row[]> {
  metadata ??= await parquetMetadataAsync(file);
  return await parquetReadObjects({
    file,
    metadata,
    columns: [...columns],
    rowStart: from,
    rowEnd: to,
    compressors: decompressors(maxBytes),
    parsers: { stringFromBytes: (bytes) => (isUtf8(bytes) ? Buffer.from(bytes).toString() : Uint8Array.from(bytes)) },
  });
}

function send(message: FromDecoder): void {
  port.postMessage(message);
}
