/** The hits in a file of an index, with their places in it: lines of CDX(J), rows of Parquet. */
import { Reject } from '../../../pipeline/contract.ts';
import { openContent } from '../bytes/content.ts';
import { Damage } from '../bytes/damage.ts';
import type { Input } from '../bytes/input.ts';
import { linesOf } from '../bytes/lines.ts';
import { openParquet } from '../parquet/file.ts';
import { cdxFields, cdxHit } from './cdx-line.ts';
import type { Hit } from './hit.ts';

export interface FoundHit {
  /** Lines or rows up to this one, it included. */
  readonly row: number;
  readonly found: Hit | Reject;
  /** As it stands there, where it is no hit. */
  readonly bytes: Uint8Array;
}

export const PARQUET = /\.parquet$/i;

/** The hits behind the first `skip` lines or rows; damage is the last. */
export async function* hitsIn(
  input: Input,
  skip: number,
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<FoundHit> {
  let row = skip;
  try {
    const hits = PARQUET.test(input.name) ? rowHits(input, skip, maxBytes, signal) : lineHits(input, skip, signal);
    for await (const hit of hits) {
      row = hit.row;
      yield hit;
    }
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    const reject = new Reject(error.code, `${input.name}: ${error.message}; what follows row ${row} is not read`);
    yield { row: END, found: reject, bytes: new Uint8Array() };
  }
}

/** The row of a fault behind which nothing is read. */
export const END = Number.MAX_SAFE_INTEGER;

/** Bytes of a line. */
const MAX_LINE = 64 << 10;

async function* lineHits(input: Input, skip: number, signal: AbortSignal): AsyncGenerator<FoundHit> {
  const content = await openContent(input, signal);
  let row = 0;
  let fields: readonly string[] | undefined;
  try {
    for await (const { bytes, tooLong } of linesOf(content.read(0), 0, MAX_LINE)) {
      row++;
      if (row > 1 && row <= skip) continue;
      const line = bytes.toString();
      if (row === 1) {
        fields = cdxFields(line);
        if (fields !== undefined || skip > 0) continue;
      }
      if (line.trim() === '') continue;
      const found = tooLong ? `the line has more than ${MAX_LINE} bytes` : cdxHit(line, fields);
      const hit = typeof found === 'string' ? new Reject('malformed-record', found) : found;
      yield { row, found: hit, bytes: Buffer.from(bytes) };
    }
  } finally {
    await content.close();
  }
}

/** Columns of Common Crawl's index that are read, those that it has. */
const COLUMNS = [
  ...['warc_filename', 'warc_record_offset', 'warc_record_length', 'url'],
  ...['content_mime_detected', 'content_mime_type', 'fetch_status', 'content_languages'],
];

async function* rowHits(input: Input, skip: number, maxBytes: number, signal: AbortSignal): AsyncGenerator<FoundHit> {
  const file = await openParquet(input, maxBytes, signal);
  try {
    for (const column of COLUMNS.slice(0, 3)) {
      if (!file.columns.includes(column)) throw new Damage('malformed-record', `it has no column ${column}`);
    }
    const columns = COLUMNS.filter((column) => file.columns.includes(column));
    for (const { from, to } of file.groups) {
      const start = Math.max(from, skip);
      if (start >= to) continue;
      let row = start;
      for await (const rows of file.rows(start, to, columns)) {
        for (const said of rows) yield { row: ++row, ...hitIn(said) };
      }
    }
  } finally {
    await file.close();
  }
}

function hitIn(said: Readonly<Record<string, unknown>>): Omit<FoundHit, 'row'> {
  const text = (...names: string[]) =>
    names.map((name) => said[name]).find((value) => typeof value === 'string') as string | undefined;
  const number = (name: string) => (said[name] === null || said[name] === undefined ? null : Number(said[name]));
  const [file, offset] = [text('warc_filename'), number('warc_record_offset')];
  if (file === undefined || offset === null || !Number.isSafeInteger(offset)) {
    const bytes = Buffer.from(
      JSON.stringify(said, (_, value) => (typeof value === 'bigint' ? String(value) : (value as unknown))),
    );
    return { found: new Reject('malformed-record', 'it names no file or no offset'), bytes };
  }
  const found = {
    file,
    offset,
    length: number('warc_record_length'),
    url: text('url') ?? '',
    mime: (text('content_mime_detected', 'content_mime_type') ?? '').toLowerCase(),
    status: number('fetch_status'),
    languages: text('content_languages')?.split(',') ?? [],
  };
  return { found, bytes: new Uint8Array() };
}
