/** A Parquet file whose row groups are read one at a time, and of them the columns that are asked for. */
import zlib from 'node:zlib';
import { Damage } from '../bytes/damage.ts';
import { type Input, take } from '../bytes/input.ts';
import { type Footer, openDecoder, type Row } from './decoder.ts';

export interface ParquetFile {
  /** Names of the columns at the top level. */
  readonly columns: readonly string[];
  /** Row groups: rows [from, to) of the file, in `length` bytes of it from `offset` on. */
  readonly groups: readonly {
    readonly from: number;
    readonly to: number;
    readonly offset: number;
    readonly length: number;
  }[];
  /**
   * Rows [from, to) of the file, which lie in one group, some at a time. A text that is no UTF-8 comes as its bytes.
   *
   * @throws Damage where they cannot be read, or `columns` take more than is allowed
   */
  rows(from: number, to: number, columns: readonly string[]): AsyncIterable<readonly Row[]>;
  close(): Promise<void>;
}

/** Bytes at the end of a file that its checksum is taken of: the footer ends there. */
const FOOT = 8 << 10;

/** Tells another file of the same name: CRC-32 of its end. */
export async function footOf(input: Input, signal: AbortSignal): Promise<string> {
  const size = input.size ?? 0;
  return zlib.crc32(await input.peek(Math.max(0, size - FOOT), size, signal)).toString(16);
}

/** Memory of what is decoded, in MiB: metadata; and the values of pages, as UTF-16 and twice while they are sent. */
const heapFor = (maxBytes: number): number => 64 + Math.ceil((4 * maxBytes) / 2 ** 20);

/** Bytes that a batch of rows should unpack to, and rows of one. */
const BATCH_BYTES = 4 << 20;
const BATCH_ROWS = 65_536;

/**
 * @param maxBytes that the columns of a group may unpack to
 * @throws Damage where the file is no Parquet file, or not all of one
 */
export async function openParquet(input: Input, maxBytes: number, signal: AbortSignal): Promise<ParquetFile> {
  const size = input.size ?? 0;
  const peek = (from: number, to: number) => input.peek(from, to, signal);
  const decoder = openDecoder(heapFor(maxBytes), signal);
  try {
    const { columns, groups } = (await decoder.ask({ kind: 'footer', size }, peek)) as Footer;
    const ranges = rangesOf(groups);
    return {
      columns,
      groups: ranges,
      close: decoder.close,

      async *rows(from, to, wanted) {
        const read = (start: number, end: number) => take(input.read(start, signal), end - start);
        const group = ranges.findIndex((range) => range.from <= from && from < range.to);
        const { rows, unpacked } = groups[group]!;
        const bytes = wanted.reduce((sum, column) => sum + unpacked[columns.indexOf(column)]!, 0);
        const batch = Math.max(1, Math.min(BATCH_ROWS, Math.floor((rows * BATCH_BYTES) / Math.max(1, bytes))));
        for (let at = from; at < to; at += batch) {
          const ask = {
            kind: 'rows',
            size,
            group,
            from: at,
            to: Math.min(to, at + batch),
            columns: wanted,
            maxBytes,
          } as const;
          yield (await decoder.ask(ask, read)) as readonly Row[];
        }
      },
    };
  } catch (error) {
    await decoder.close();
    if (!(error instanceof Damage)) throw error;
    const [first, last] = [await peek(0, 4), await peek(Math.max(0, size - 4), size)].map(String);
    const cut = first === MAGIC && last !== MAGIC;
    throw cut ? new Damage('truncated-record', 'it begins as a Parquet file, but does not end as one') : error;
  }
}

const MAGIC = 'PAR1';

function rangesOf(groups: Footer['groups']): ParquetFile['groups'] {
  let to = 0;
  return groups.map(({ rows, offset, length }) => {
    const from = to;
    to += rows;
    if (to < from || !Number.isSafeInteger(to)) throw new Damage('corrupt-member', `a row group of ${rows} rows`);
    return { from, to, offset, length };
  });
}
