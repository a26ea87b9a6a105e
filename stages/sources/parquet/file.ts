/** A Parquet file whose row groups are read one at a time, and of them the columns that are asked for. */
import { isUtf8 } from 'node:buffer';
import zlib from 'node:zlib';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { Damage } from '../bytes/damage.ts';
import { type Input, take } from '../bytes/input.ts';
import { decompressors } from './decompressors.ts';

export interface ParquetFile {
  /** Names of the columns at the top level. */
  readonly columns: readonly string[];
  /** Row groups: rows [from, to) of the file. */
  readonly groups: readonly { readonly from: number; readonly to: number }[];
  /**
   * Rows [from, to) of the file, which lie in one group. A text that is no UTF-8 comes as its bytes.
   *
   * @throws Damage where the group cannot be read, or `columns` unpack to more than `maxBytes`
   */
  rows(from: number, to: number, columns: readonly string[], maxBytes: number): Promise<readonly Row[]>;
}

export type Row = Readonly<Record<string, unknown>>;

/** Bytes at the end of a file that its checksum is taken of: the footer ends there. */
const FOOT = 8 << 10;

/** Tells another file of the same name: CRC-32 of its end. */
export async function footOf(input: Input, signal: AbortSignal): Promise<string> {
  const size = input.size ?? 0;
  return zlib.crc32(await input.peek(Math.max(0, size - FOOT), size, signal)).toString(16);
}

/** @throws Damage where the file is no Parquet file, or not all of one */
export async function openParquet(input: Input, signal: AbortSignal): Promise<ParquetFile> {
  const size = input.size ?? 0;
  const peek = (from: number, to: number) => input.peek(from, to, signal);
  const metadata = await parsed((file) => parquetMetadataAsync(file), size, peek).catch(async (error: unknown) => {
    if (!(error instanceof Damage)) throw error;
    const [first, last] = [await peek(0, 4), await peek(Math.max(0, size - 4), size)].map(String);
    const cut = first === MAGIC && last !== MAGIC;
    throw cut ? new Damage('truncated-record', 'it begins as a Parquet file, but does not end as one') : error;
  });

  return {
    columns: parquetSchema(metadata).children.map(({ element }) => element.name),
    groups: groupsOf(metadata),

    rows: (rowStart, rowEnd, columns, maxBytes) =>
      parsed(
        (file) =>
          parquetReadObjects({
            file,
            metadata,
            columns: [...columns],
            rowStart,
            rowEnd,
            compressors: decompressors(maxBytes),
            parsers: { stringFromBytes: (bytes) => (isUtf8(bytes) ? Buffer.from(bytes).toString() : bytes) },
          }),
        size,
        (from, to) => take(input.read(from, signal), to - from),
      ),
  };
}

const MAGIC = 'PAR1';

function groupsOf({ row_groups }: FileMetaData): ParquetFile['groups'] {
  let to = 0;
  return row_groups.map(({ num_rows }) => {
    const from = to;
    to += Number(num_rows);
    if (to < from || !Number.isSafeInteger(to)) throw new Damage('corrupt-member', `a row group of ${num_rows} rows`);
    return { from, to };
  });
}

/** What `parse` makes of a file: what goes wrong is the file's fault, unless `read` failed. */
async function parsed<T>(
  parse: (file: AsyncBuffer) => Promise<T>,
  size: number,
  read: (from: number, to: number) => Promise<Buffer>,
): Promise<T> {
  let failure: { readonly error: unknown } | undefined;
  const file: AsyncBuffer = {
    byteLength: size,
    async slice(from, to = size) {
      const end = Math.min(to, size);
      const bytes = await read(from, end).catch((error: unknown) => {
        failure = { error };
        throw error;
      });
      return new Uint8Array(bytes).buffer;
    },
  };
  try {
    return await parse(file);
  } catch (error) {
    if (failure !== undefined) throw failure.error;
    throw error instanceof Damage ? error : new Damage('corrupt-member', (error as Error).message);
  }
}
