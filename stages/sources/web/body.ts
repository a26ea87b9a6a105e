/** The body of a response without its chunks and content codings, each of which may have been undone when it was stored. */
import { isUtf8 } from 'node:buffer';
import zlib from 'node:zlib';
import { Reject } from '../../../pipeline/contract.ts';
import type { Response } from './http.ts';

/** More than any server sends; each may cost `max` bytes. */
const MAX_CODINGS = 3;

export function bodyOf({ headers, body }: Response, max: number): Buffer | Reject {
  let bytes = /\bchunked\b/i.test(headers.get('transfer-encoding') ?? '') ? unchunked(body) : body;
  if (bytes instanceof Reject) return bytes;

  const codings = (headers.get('content-encoding') ?? '').toLowerCase().split(',').slice(0, MAX_CODINGS).reverse();
  for (const coding of codings) {
    const decoded = uncoded(coding.trim(), bytes, max);
    if (decoded instanceof Reject) return decoded;
    bytes = decoded;
  }
  return bytes.length > max ? tooLarge(max) : bytes;
}

/** A chunk's size and its extensions. */
const MAX_CHUNK_LINE = 1024;

/** RFC 9112, 7.1. A body that does not begin with a chunk is as it is; of one that is cut off, what is there is taken. */
export function unchunked(body: Buffer): Buffer | Reject {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const end = body.subarray(0, at + MAX_CHUNK_LINE).indexOf('\n', at);
    const line = body.toString('latin1', at, end === -1 ? at : end);
    const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?\r?$/i.exec(line)?.[1];
    const chunk = size === undefined ? undefined : chunkAt(body, end + 1, Number.parseInt(size, 16));
    if (chunk === undefined) {
      if (parts.length === 0) return body;
      return new Reject('malformed-record', `byte ${at} of the chunked body begins no chunk`);
    }
    if (chunk.bytes.length === 0) break;
    parts.push(chunk.bytes);
    at = chunk.next;
  }
  return Buffer.concat(parts);
}

/** Undefined where the chunk does not end with its line. */
function chunkAt(
  body: Buffer,
  from: number,
  length: number,
): { readonly bytes: Buffer; readonly next: number } | undefined {
  const bytes = body.subarray(from, from + length);
  let next = from + length;
  if (body[next] === 0x0d) next++;
  if (body[next] === 0x0a) next++;
  return length === 0 || next > from + length || next >= body.length ? { bytes, next } : undefined;
}

const GZIP = Buffer.from([0x1f, 0x8b, 8]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** What one coding decodes to, as far as it goes: crawlers cut long bodies. Bytes that were never coded are as they are. */
function uncoded(coding: string, bytes: Buffer, max: number): Buffer | Reject {
  if (bytes.length === 0) return bytes;
  const decode = decoderOf(coding, bytes);
  if (decode === undefined) return bytes;
  try {
    return decode(bytes, max);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(max);
    if (isUtf8(bytes)) return bytes;
    return new Reject('malformed-record', `the body's coding ${coding || 'gzip'} cannot be undone: ${message}`);
  }
}

/** A gzip body is known by its magic, whether or not it is declared. */
function decoderOf(coding: string, bytes: Buffer): ((bytes: Buffer, max: number) => Buffer) | undefined {
  const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_continue } = zlib.constants;
  const starts = (magic: Buffer) => bytes.subarray(0, magic.length).equals(magic);
  const deflate = { finishFlush: Z_SYNC_FLUSH };
  if (starts(GZIP)) return (data, maxOutputLength) => zlib.gunzipSync(data, { ...deflate, maxOutputLength });
  if (coding === 'zstd' && starts(ZSTD)) {
    return (data, maxOutputLength) => zlib.zstdDecompressSync(data, { finishFlush: ZSTD_e_continue, maxOutputLength });
  }
  if (coding === 'br') {
    return (data, maxOutputLength) =>
      zlib.brotliDecompressSync(data, { finishFlush: BROTLI_OPERATION_FLUSH, maxOutputLength });
  }
  if (coding !== 'deflate') return undefined;
  const hasZlibHeader = (bytes[0]! & 0x0f) === 8 && bytes.length > 1 && bytes.readUInt16BE(0) % 31 === 0;
  const inflate = hasZlibHeader ? zlib.inflateSync : zlib.inflateRawSync;
  return (data, maxOutputLength) => inflate(data, { ...deflate, maxOutputLength });
}

function tooLarge(max: number): Reject {
  return new Reject('too-large', `the page has more than ${max} bytes`);
}
