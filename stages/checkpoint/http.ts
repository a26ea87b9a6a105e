/** GET over http(s): redirects, retries, and byte ranges that are checked to be the ones asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { ConfigError } from '../../pipeline/error.ts';
import type { ByteRange } from './checkpoint.ts';
import { CheckpointError } from './error.ts';
import { quoted } from './json.ts';

export interface HttpOptions {
  /** Sent to this origin, and to no other that it redirects to. */
  readonly authorization?: { readonly origin: string; readonly token: string } | undefined;
  /** Waiting time after the first failure; it doubles with each further one in a row. */
  readonly backoffMs?: number | undefined;
}

export interface Answer {
  /** 200, 206, 404 or 416; others are thrown. */
  readonly status: number;
  /** The first value among the answers on the way: where a hub redirects to a file store, the hub's. */
  header(name: string): string | undefined;
  /** Of the last answer on the way alone. */
  ownHeader(name: string): string | undefined;
  /** The bytes; ends before they do where the connection breaks. To be read, or to be discarded. */
  readonly body: AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
}

export interface Whole {
  readonly bytes: Uint8Array;
  readonly answer: Answer;
}

export interface Http {
  /**
   * @throws ConfigError where access is denied; Error where the server cannot be reached or fails again and again
   */
  get(url: string, range: ByteRange | undefined, signal: AbortSignal): Promise<Answer>;
  /**
   * A whole small file and the answer it came with; undefined where there is none.
   * @throws CheckpointError where it is larger than `limit`
   */
  whole(url: string, limit: number, signal: AbortSignal): Promise<Whole | undefined>;
  /**
   * The bytes of a range, in pieces and exactly as many. Goes on where a connection broke.
   * @param total size of the file
   * @throws CheckpointError where the server sends anything else
   */
  stream(url: string, range: ByteRange, total: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

const MAX_REDIRECTS = 5;
/** Tries in a row that bring nothing. */
const ATTEMPTS = 5;
const BACKOFF_MS = 500;
const MAX_WAIT_MS = 60_000;
/** Longest silence of a server. */
const TIMEOUT_MS = 60_000;
const WORTH_RETRYING = new Set([408, 429, 500, 502, 503, 504]);
/** Without range requests a file is read from its start; up to this size that is cheap enough. */
export const MAX_WITHOUT_RANGES = 64 << 20;

export function http({ authorization, backoffMs = BACKOFF_MS }: HttpOptions): Http {
  /** Resolves when the next try may be made; rejects with `error` after the last one. */
  async function pause(failures: number, error: Error, signal: AbortSignal, askedMs = 0): Promise<void> {
    signal.throwIfAborted();
    if (failures >= ATTEMPTS) throw error;
    await sleep(Math.min(MAX_WAIT_MS, Math.max(askedMs, backoffMs * 2 ** (failures - 1))), undefined, { signal });
  }

  async function get(url: string, range: ByteRange | undefined, signal: AbortSignal): Promise<Answer> {
    for (let failures = 1; ; failures++) {
      const answer = await follow(url, range, signal).catch((error: Error) => error);
      if (answer instanceof CheckpointError) throw answer;
      if (answer instanceof Error) {
        await pause(failures, new Error(`${url}: ${answer.message}`, { cause: answer }), signal);
      } else if (WORTH_RETRYING.has(answer.status)) {
        await answer.discard();
        const wait = 1000 * (Number(answer.header('retry-after')) || 0);
        await pause(failures, new Error(`${url}: the server answers ${answer.status}, again and again`), signal, wait);
      } else {
        const refused = refusal(url, answer);
        if (refused === undefined) return answer;
        await answer.discard();
        throw refused;
      }
    }
  }

  async function follow(from: string, range: ByteRange | undefined, signal: AbortSignal): Promise<Answer> {
    const hops: Readonly<Record<string, string | string[] | undefined>>[] = [];
    for (let url = new URL(from); hops.length <= MAX_REDIRECTS; ) {
      const authorized = authorization !== undefined && url.origin === authorization.origin;
      const { statusCode, headers, body } = await request(url, {
        headers: {
          'accept-encoding': 'identity',
          'user-agent': 'deltasift',
          ...(range === undefined ? {} : { range: `bytes=${range.offset}-${range.offset + range.bytes - 1}` }),
          ...(authorized ? { authorization: `Bearer ${authorization.token}` } : {}),
        },
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
        signal,
      });
      hops.push(headers);
      const location = one(headers['location']);
      if (statusCode < 300 || statusCode >= 400 || location === undefined) {
        return {
          status: statusCode,
          header: (name) => hops.map((hop) => one(hop[name])).find((value) => value !== undefined),
          ownHeader: (name) => one(headers[name]),
          body,
          discard: () => body.dump({ limit: 1 << 16, signal }),
        };
      }
      await body.dump();
      const next = new URL(location, url);
      if (next.protocol !== 'https:' && next.protocol !== url.protocol) {
        throw new CheckpointError(`${from}: redirects from ${url.protocol} to ${next.protocol}, which is not followed`);
      }
      url = next;
    }
    throw new CheckpointError(`${from}: redirects more than ${MAX_REDIRECTS} times`);
  }

  async function whole(url: string, limit: number, signal: AbortSignal): Promise<Whole | undefined> {
    for (let failures = 1; ; failures++) {
      const answer = await get(url, undefined, signal);
      const claimed = Number(answer.ownHeader('content-length') ?? 0);
      if (answer.status !== 200 || claimed > limit) {
        await answer.discard();
        if (answer.status === 404) return undefined;
        const fault = answer.status === 200 ? `${claimed} bytes, at most ${limit} are read` : `answer ${answer.status}`;
        throw new CheckpointError(`${url}: ${fault}`);
      }
      try {
        return { bytes: await atMost(answer.body, limit, url), answer };
      } catch (error) {
        if (error instanceof CheckpointError) throw error;
        await pause(failures, new Error(`${url}: the connection breaks, again and again`, { cause: error }), signal);
      }
    }
  }

  async function* stream(
    url: string,
    { offset, bytes }: ByteRange,
    total: number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    let done = 0;
    for (let failures = 0; done < bytes; failures++) {
      const broken = new Error(`${url}: the connection breaks, again and again, at byte ${offset + done}`);
      if (failures > 0) await pause(failures, broken, signal);
      const rest = { offset: offset + done, bytes: bytes - done };
      const answer = await get(url, rest, signal);
      let skip = await unasked(url, answer, rest, total);
      try {
        for await (const piece of answer.body) {
          const wanted = piece.subarray(skip, skip + bytes - done);
          skip = Math.max(0, skip - piece.length);
          if (wanted.length === 0) continue;
          failures = 0;
          done += wanted.length;
          yield wanted;
          if (done === bytes) return;
        }
      } catch (error) {
        broken.cause = error;
        signal.throwIfAborted();
      }
    }
  }

  return { get, whole, stream };
}

async function atMost(body: AsyncIterable<Uint8Array>, limit: number, url: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > limit) throw new CheckpointError(`${url}: more than the ${limit} bytes that are read of it`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Bytes that an answer to a range request sends before those asked for. */
async function unasked(url: string, answer: Answer, { offset, bytes }: ByteRange, total: number): Promise<number> {
  const refuse = async (fault: string) => {
    await answer.discard();
    return new CheckpointError(`${url}: ${fault}`);
  };
  if (answer.status === 206) {
    const sent = contentRange(answer);
    if (sent === undefined || sent.from !== offset || sent.to > offset + bytes) {
      throw await refuse(
        `asked for bytes ${offset} to ${offset + bytes - 1}, got "${answer.ownHeader('content-range')}"`,
      );
    }
    if (sent.total !== total)
      throw await refuse(`its size changed from ${total} to ${sent.total} bytes while it was read`);
    return 0;
  }
  if (answer.status === 200 && total <= MAX_WITHOUT_RANGES) {
    const length = Number(answer.ownHeader('content-length') ?? total);
    if (length !== total) throw await refuse(`its size changed from ${total} to ${length} bytes while it was read`);
    return offset;
  }
  if (answer.status === 200) {
    throw await refuse('the server ignores range requests; download the checkpoint and give its folder');
  }
  throw await refuse(`the server answers ${answer.status} to a request for bytes ${offset} to ${offset + bytes - 1}`);
}

export interface ContentRange {
  readonly from: number;
  /** Past the last byte. */
  readonly to: number;
  /** Size of the file. */
  readonly total: number;
}

/** What a 206 says it sends; undefined where it says nothing that can be read. */
export function contentRange(answer: Answer): ContentRange | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.ownHeader('content-range') ?? '');
  if (match === null) return undefined;
  const [from, last, total] = match.slice(1).map(Number) as [number, number, number];
  const sound = [from, last, total].every(Number.isSafeInteger) && from <= last && last < total;
  return sound ? { from, to: last + 1, total } : undefined;
}

/** Why an answer is of no use; undefined where it is. */
function refusal(url: string, answer: Answer): Error | undefined {
  const { status } = answer;
  const encoding = answer.ownHeader('content-encoding') ?? 'identity';
  if (status === 404 || status === 416) return undefined;
  if (status !== 200 && status !== 206) {
    const why = answer.header('x-error-message') ?? answer.header('x-error-code') ?? '';
    const said = `the server answers ${status}${why === '' ? '' : ` (${quoted(why)})`}`;
    if (status !== 401 && status !== 403) return new Error(`${url}: ${said}`);
    return new ConfigError(`${url}: ${said}; does it exist, and has HF_TOKEN a token that may read it?`);
  }
  if (encoding === 'identity') return undefined;
  return new CheckpointError(`${url}: is sent in the encoding ${quoted(encoding)}, though asked for as it is`);
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
