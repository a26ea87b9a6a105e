/** WARC files for tests, byte by byte. */
import { createHash } from 'node:crypto';
import zlib from 'node:zlib';

export interface RecordParts {
  readonly type?: string;
  readonly url?: string;
  readonly id?: string;
  readonly mime?: string;
  /** Further header lines. */
  readonly headers?: readonly string[];
  /** What the Content-Length says, where that is not the truth. */
  readonly length?: number;
  readonly version?: string;
}

/** One record with its two line ends. */
export function record(block: string | Uint8Array, parts: RecordParts = {}): Buffer {
  const bytes = Buffer.from(block as Uint8Array);
  const head = [
    parts.version ?? 'WARC/1.0',
    `WARC-Type: ${parts.type ?? 'response'}`,
    ...(parts.id === undefined ? [] : [`WARC-Record-ID: <urn:uuid:${parts.id}>`]),
    `WARC-Target-URI: ${parts.url ?? 'https://a.example/'}`,
    ...(parts.headers ?? []),
    `Content-Type: ${parts.mime ?? 'application/http; msgtype=response'}`,
    `Content-Length: ${parts.length ?? bytes.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes, Buffer.from('\r\n\r\n')]);
}

export interface HttpParts {
  readonly status?: string;
  readonly mime?: string | null;
  readonly headers?: readonly string[];
  readonly newline?: string;
}

/** An HTTP response. */
export function http(body: string | Uint8Array, parts: HttpParts = {}): Buffer {
  const newline = parts.newline ?? '\r\n';
  const mime = parts.mime === undefined ? 'text/html; charset=utf-8' : parts.mime;
  const head = [
    parts.status ?? 'HTTP/1.1 200 OK',
    ...(mime === null ? [] : [`Content-Type: ${mime}`]),
    ...(parts.headers ?? []),
  ];
  return Buffer.concat([
    Buffer.from(head.join(newline) + newline + newline, 'latin1'),
    Buffer.from(body as Uint8Array),
  ]);
}

/** A page that says `words`, as a record. */
export function page(words: string, parts: RecordParts = {}): Buffer {
  return record(http(`<html><body><p>${words}</p></body></html>`), parts);
}

export const gz = (bytes: Uint8Array): Buffer => zlib.gzipSync(bytes);
export const zst = (bytes: Uint8Array): Buffer => zlib.zstdCompressSync(bytes);

export function sha1(bytes: Uint8Array): string {
  const digest = createHash('sha1').update(bytes).digest();
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.replace(/.{5}/g, (five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five, 2)]!);
}

/** `body` in chunks of `size` bytes, each with an extension, and a trailer. */
export function chunked(body: Uint8Array, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = Buffer.from(body.subarray(at, at + size));
    parts.push(Buffer.from(`${part.length.toString(16)};name=value\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\nTrailer: yes\r\n\r\n')]);
}
