/** A file behind http(s) or S3 as an input: read by ranges, on from where a connection broke, and only while it stays the same. */
import { type Input, take } from '../bytes/input.ts';
import { ChangedFile } from '../files/changed-file.ts';
import type { Answer, FileClient } from './client.ts';
import { contentRange } from './content-range.ts';
import { FetchError } from './error.ts';
import { paced } from './paced.ts';

/** An input whose server is asked for its size once it is its turn: `size` is null until then. */
export interface RemoteInput extends Input {
  /** @throws FetchError `missing` where there is no such file */
  open(signal: AbortSignal): Promise<Described>;
}

/** What a server says of a file. */
export interface Described {
  /** Null where it does not say. */
  readonly size: number | null;
  /** A strong ETag, else a Last-Modified: what If-Range takes (RFC 9110, 13.1.5). */
  readonly validator: string | undefined;
}

/** Bytes that an answer has to bring to count as progress. */
const PROGRESS = 1024;

/** @param name in cursors and ids */
export function remoteInput(client: FileClient, url: URL, name: string): RemoteInput {
  let described: Described | undefined;

  async function open(signal: AbortSignal): Promise<Described> {
    described ??= await describe(client, url, signal);
    return described;
  }

  /** Bytes [from, to), or to the end of the file where that comes first. */
  async function* range(from: number, to: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    const { size, validator } = await open(signal);
    const end = Math.min(to, size ?? to);
    let at = from;
    for (let failures = 0; at < end; failures++) {
      const broken = new FetchError(`${url}: the connection breaks, again and again, at byte ${at}`, 'busy');
      if (failures > 0) await client.pause(failures, broken, signal);
      const answer = await client.get(url, { headers: headersFor(at, end), forbiddenPasses: true }, signal);
      let skip = await bytesBefore(at, answer, { size, validator });
      const start = at;
      try {
        for await (const piece of paced(answer, client.clock)) {
          const wanted = piece.subarray(skip, Math.min(piece.length, skip + end - at));
          skip = Math.max(0, skip - piece.length);
          if (wanted.length === 0) continue;
          at += wanted.length;
          if (at - start >= PROGRESS) failures = 0;
          yield wanted;
          if (at === end) return;
        }
        if (size === null) return;
      } catch (error) {
        signal.throwIfAborted();
        broken.cause = error;
        if (size === null) throw broken; // nobody can tell where to go on
      }
    }

    function headersFor(first: number, past: number): Record<string, string> {
      if (size === null || (first === 0 && past === size)) return {};
      const last = past === size ? '' : past - 1;
      return { range: `bytes=${first}-${last}`, ...(validator === undefined ? {} : { 'if-range': validator }) };
    }
  }

  /** Bytes [from, to) of a file that was not asked for yet, in one request where that goes well; what it says is kept. */
  async function glance(from: number, to: number, signal: AbortSignal): Promise<Buffer | undefined> {
    if (described !== undefined || to <= from) return undefined;
    const headers = { range: `bytes=${from}-${to - 1}` };
    const answer = await client.get(url, { headers, forbiddenPasses: true }, signal);
    const sent = contentRange(answer.header('content-range'));
    if (answer.status !== 206 || sent?.from !== from) {
      await answer.discard();
      return undefined;
    }
    described = { size: sent.total, validator: validatorOf(answer) };
    const bytes = await take(paced(answer, client.clock), sent.to - from).catch(() => undefined);
    signal.throwIfAborted();
    return bytes?.length === sent.to - from ? bytes : undefined;
  }

  /**
   * Bytes that the answer to a request from byte `at` on sends before it.
   *
   * @throws ChangedFile where it is of another file than was `described`
   */
  async function bytesBefore(at: number, answer: Answer, { size, validator }: Described): Promise<number> {
    const { status } = answer;
    const refuse = async (error: Error) => {
      await answer.discard();
      return error;
    };
    if (![200, 206, 416].includes(status)) throw await refuse(missing(url, status));
    const sent = contentRange(answer.header('content-range'));
    const total = status === 200 ? numberIn(answer.header('content-length')) : sent?.total;
    const other = validatorOf(answer);
    if ((size !== null && total !== undefined && total !== size) || (other ?? validator) !== validator) {
      const was = `${size} bytes${validator === undefined ? '' : ` (${validator})`}`;
      const is = `${total} bytes${other === undefined ? '' : ` (${other})`}`;
      throw await refuse(new ChangedFile(url.href, was, is));
    }
    if (status === 200) return at;
    if (status === 206 && sent?.from === at) return 0;
    const got = `got ${status} "${answer.header('content-range')}"`;
    throw await refuse(new FetchError(`${url}: asked for bytes from ${at} on, ${got}`, 'refused', { status }));
  }

  return {
    name,
    address: url.href,
    size: null,
    open,
    read: (from, signal) => range(from, Number.POSITIVE_INFINITY, signal),
    peek: async (from, to, signal) =>
      (await glance(from, to, signal)) ?? (await take(range(from, to, signal), to - from)),
  };
}

async function describe(client: FileClient, url: URL, signal: AbortSignal): Promise<Described> {
  const answer = await client.get(url, { headers: { range: 'bytes=0-0' }, forbiddenPasses: true }, signal);
  await answer.discard();
  const validator = validatorOf(answer);
  const sent = contentRange(answer.header('content-range'));
  if (answer.status === 200) return { size: numberIn(answer.header('content-length')) ?? null, validator };
  if (answer.status === 206 && sent?.from === 0) return { size: sent.total, validator };
  if (answer.status === 416 && sent?.total === 0) return { size: 0, validator };
  throw missing(url, answer.status);
}

function numberIn(header: string | undefined): number | undefined {
  return header === undefined ? undefined : Number(header);
}

function validatorOf(answer: Answer): string | undefined {
  const etag = answer.header('etag');
  return etag?.startsWith('"') ? etag : answer.header('last-modified');
}

function missing(url: URL, status: number): FetchError {
  return new FetchError(`${url}: the server answers ${status}`, 'missing', { status });
}
