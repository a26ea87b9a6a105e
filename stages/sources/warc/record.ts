import { Reject } from '../../../pipeline/contract.ts';
import { type Headers, headerEnd, parseHeaders, splitLines } from '../web/headers.ts';

/** A record of a WARC file (ISO 28500). */
export interface WarcRecord {
  readonly headers: Headers;
  readonly block: Buffer;
  /** As it stands in the file, headers and block. */
  readonly bytes: Buffer;
}

/** The headers of a record and how long they and its block are. */
export interface RecordHead {
  readonly headers: Headers;
  readonly headBytes: number;
  readonly blockBytes: number;
}

/** Bytes that headers of a record may take. */
export const MAX_HEAD = 64 << 10;

export const VERSION = Buffer.from('WARC/');

/** The line that begins a record. */
const VERSION_LINE = /WARC\/\d\.\d\r?\n/;

/** Where the next line that begins a record is in `bytes`, whatever stands before it; -1 where there is none. */
export function indexOfVersion(bytes: Buffer): number {
  for (let at = bytes.indexOf(VERSION); at !== -1; at = bytes.indexOf(VERSION, at + 1)) {
    if (bytes.toString('latin1', at, at + VERSION_LINE_BYTES).search(VERSION_LINE) === 0) return at;
  }
  return -1;
}

export const VERSION_LINE_BYTES = 'WARC/1.0\r\n'.length;

/** The head of the record at the start of `bytes`, or what is wrong with it. */
export function parseHead(bytes: Buffer): RecordHead | Reject {
  const start = bytes.toString('latin1', 0, VERSION_LINE_BYTES);
  if (start.search(VERSION_LINE) !== 0) return malformed(`expected a line WARC/1.0, got ${JSON.stringify(start)}`);
  const found = headerEnd(bytes, MAX_HEAD);
  if (found === undefined && bytes.length < MAX_HEAD) return malformed('no empty line ends the headers');
  if (found === undefined) return new Reject('too-large', `the headers have more than ${MAX_HEAD} bytes`);

  const text = bytes.toString('utf8', 0, found.end);
  if (VERSION_LINE.test(text.slice(VERSION.length))) return malformed('another record begins within the headers');
  const headers = parseHeaders(splitLines(text).slice(1));
  const length = headers.get('content-length');
  if (length === undefined) return malformed('there is no Content-Length');
  if (!/^\d{1,15}$/.test(length)) return malformed(`the Content-Length is ${JSON.stringify(length)}`);
  return { headers, headBytes: found.next, blockBytes: Number(length) };
}

function malformed(reason: string): Reject {
  return new Reject('malformed-record', reason);
}

/** The standard's. */
export const RECORD_TYPES: ReadonlySet<string> = new Set(
  'warcinfo response resource request metadata revisit conversion continuation'.split(' '),
);

/** One of the standard's, so that there is an end to what is counted. */
export function typeOf({ headers }: WarcRecord): string {
  const type = headers.get('warc-type')?.toLowerCase() ?? '';
  return RECORD_TYPES.has(type) ? type : 'unknown-type';
}
