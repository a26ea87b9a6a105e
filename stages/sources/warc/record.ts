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

/** The head of the record at the start of `bytes`, or what is wrong with it. */
export function parseHead(bytes: Buffer): RecordHead | Reject {
  if (!bytes.subarray(0, VERSION.length).equals(VERSION)) {
    return malformed(`expected WARC/ and a version, got ${JSON.stringify(bytes.toString('latin1', 0, 40))}`);
  }
  const found = headerEnd(bytes, MAX_HEAD);
  if (found === undefined && bytes.length < MAX_HEAD) return malformed('no empty line ends the headers');
  if (found === undefined) return new Reject('too-large', `the headers have more than ${MAX_HEAD} bytes`);

  const headers = parseHeaders(splitLines(bytes.toString('utf8', 0, found.end)).slice(1));
  const length = headers.get('content-length');
  if (length === undefined) return malformed('there is no Content-Length');
  if (!/^\d{1,15}$/.test(length)) return malformed(`the Content-Length is ${JSON.stringify(length)}`);
  return { headers, headBytes: found.next, blockBytes: Number(length) };
}

function malformed(reason: string): Reject {
  return new Reject('malformed-record', reason);
}

const TYPES = new Set('warcinfo response resource request metadata revisit conversion continuation'.split(' '));

/** One of the standard's, so that there is an end to what is counted. */
export function typeOf({ headers }: WarcRecord): string {
  const type = headers.get('warc-type')?.toLowerCase() ?? '';
  return TYPES.has(type) ? type : 'unknown-type';
}
