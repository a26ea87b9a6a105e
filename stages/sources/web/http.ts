/** An HTTP response as a crawler stored it: as it came over the wire, or with its body already decoded and its headers left. */
import { Reject } from '../../../pipeline/contract.ts';
import { type Headers, headerEnd, parseHeaders, splitLines } from './headers.ts';

export interface Response {
  readonly status: number;
  readonly headers: Headers;
  /** As it is stored. */
  readonly body: Buffer;
}

/** Bytes of a header block; servers refuse far smaller ones. */
const MAX_HEADERS = 256 << 10;

export function parseResponse(bytes: Buffer): Response | Reject {
  const found = headerEnd(bytes, MAX_HEADERS);
  if (found === undefined && bytes.length > MAX_HEADERS) {
    return new Reject('too-large', `the HTTP headers do not end within ${MAX_HEADERS} bytes`);
  }
  const { end, next } = found ?? { end: bytes.length, next: bytes.length };
  const [first, ...lines] = splitLines(bytes.toString('latin1', 0, end)) as [string, ...string[]];
  const status = /^HTTP\/\d(?:\.\d)?[ \t]+(\d{3})\b/i.exec(first)?.[1];
  if (status === undefined) {
    return new Reject('malformed-record', `expected an HTTP status line, got ${JSON.stringify(first.slice(0, 80))}`);
  }
  return { status: Number(status), headers: parseHeaders(lines), body: bytes.subarray(next) };
}
