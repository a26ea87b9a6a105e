/** A file behind http(s) as an input: read by ranges, on from where a connection broke, and only while it stays the same. */
import { ConfigError } from '../../../pipeline/error.ts';
import { type Input, take } from '../bytes/input.ts';
import type { Answer, Client } from './client.ts';
import { contentRange } from './content-range.ts';
import { FetchError } from './error.ts';

/** What a server says of a file. */
export interface Described {
  /** Null where it does not say. */
  readonly size: number | null;
  /** A strong ETag, else a Last-Modified: what If-Range takes (RFC 9110, 13.1.5). */
  readonly validator: string | undefined;
}

/**
 * Pieces of at least this many bytes a second count as progress, over this many ms of waiting for the server: a body that
 * trickles is as good as none.
 */
const MIN_PACE = 1024;
const PATIENCE_MS = 60_000;

/** @throws FetchError `missing` where there is no such file */
export async function describe(client: Client, url: URL, signal: AbortSignal): Promise<Described> {
  const answer = await client.get(url, { headers: { range: 'bytes=0-0' }, forbiddenPasses: true }, signal);
  const sent = contentRange(answer.header('content-range'));
  const length = answer.header('content-length');
  const validator = validatorOf(answer);
  if (answer.status === 200) {
    await answer.discard();
    return { size: length === undefined ? null : Number(length), validator };
  }
  await answer.discard();
  if (answer.status === 206 && sent?.from === 0) return { size: sent.total, validator };
  if (answer.status === 416 && sent?.total === 0) return { size: 0, validator };
  throw missing(url, answer);
}

/** @param name in cursors and ids */
export function remoteInput(client: Client, url: URL, name: string, { size, validator }: Described): Input {
  async function* read(from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    yield* range(from, size ?? Number.POSITIVE_INFINITY, signal);
  }

  /** Bytes [from, to); `to` may be infinite where the size is not known. */
  async function* range(from: number, to: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    let at = from;
    for (let failures = 0; at < to; failures++) {
      const broken = new FetchError(`${url}: the connection breaks, again and again, at byte ${at}`, 'busy');
      if (failures > 0) await client.pause(failures, broken, signal);
      const answer = await client.get(url, { headers: headersFor(at, to), forbiddenPasses: true }, signal);
      let skip = await unasked(answer, at);
      const start = at;
      try {
        for await (const piece of paced(answer, client)) {
          const wanted = piece.subarray(skip, Math.min(piece.length, skip + to - at));
          skip = Math.max(0, skip - piece.length);
          if (wanted.length === 0) continue;
          at += wanted.length;
          if (at - start >= MIN_PACE) failures = 0;
          yield wanted;
          if (at === to) return;
        }
        if (size === null) return;
      } catch (error) {
        signal.throwIfAborted();
        broken.cause = error;
        if (size === null) throw broken;
      }
    }
  }

  function headersFor(at: number, to: number): Record<string, string> {
    if (size === null || (at === 0 && to >= size)) return {};
    const last = to < size ? to - 1 : '';
    return { range: `bytes=${at}-${last}`, ...(validator === undefined ? {} : { 'if-range': validator }) };
  }

  /** Bytes that the answer sends before byte `at`. */
  async function unasked(answer: Answer, at: number): Promise<number> {
    const { status } = answer;
    const sent = contentRange(answer.header('content-range'));
    const said = answer.header('content-length');
    const total = status === 200 && said !== undefined ? Number(said) : sent?.total;
    const other = validatorOf(answer);
    if (status === 404 || status === 410 || (status !== 200 && status !== 206 && status !== 416)) {
      await answer.discard();
      throw missing(url, answer);
    }
    if ((size !== null && total !== undefined && total !== size) || (other ?? validator) !== validator) {
      await answer.discard();
      throw new ConfigError(
        `${url} has changed while it was read: it had ${size} bytes${named(validator)}, and has ${total}${named(other)}. ` +
          'Scan it into another store.',
      );
    }
    if (status === 200) return at;
    if (status === 206 && sent?.from === at) return 0;
    await answer.discard();
    throw new FetchError(`${url}: asked for bytes from ${at} on, got "${answer.header('content-range')}"`, 'missing', {
      status,
    });
  }

  return {
    name,
    address: url.href,
    size,
    read,
    peek: async (from, to, signal) =>
      size === null ? Buffer.alloc(0) : await take(range(from, Math.min(to, size), signal), Math.min(to, size) - from),
  };
}

function named(validator: string | undefined): string {
  return validator === undefined ? '' : ` (${validator})`;
}

function validatorOf(answer: Answer): string | undefined {
  const etag = answer.header('etag');
  return etag?.startsWith('"') ? etag : answer.header('last-modified');
}

function missing(url: URL, { status }: Answer): FetchError {
  return new FetchError(`${url}: the server answers ${status}`, 'missing', { status });
}

/** Only the waiting for the server is timed: the reader may take its time. */
async function* paced({ body, url }: Answer, { clock }: Client): AsyncGenerator<Buffer> {
  const pieces = body[Symbol.asyncIterator]();
  let waited = 0;
  let bytes = 0;
  try {
    for (;;) {
      const asked = clock.now();
      const { done, value } = await pieces.next();
      if (done === true) return;
      waited += clock.now() - asked;
      bytes += value.length;
      if (waited > PATIENCE_MS) {
        if (bytes < (MIN_PACE * waited) / 1000) throw new Error(`${url} sends ${bytes} bytes in ${waited} ms`);
        waited = 0;
        bytes = 0;
      }
      yield value;
    }
  } finally {
    await pieces.return?.();
  }
}
