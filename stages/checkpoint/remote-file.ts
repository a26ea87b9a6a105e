/** A safetensors file behind http, read by range. */
import { realpath } from 'node:fs/promises';
import { collect } from './bytes.ts';
import type { ByteRange } from './checkpoint.ts';
import { CheckpointError } from './error.ts';
import { localFile, type Place, type RangedFile } from './folder.ts';
import { type Answer, contentRange, type Http, MAX_WITHOUT_RANGES } from './http.ts';
import type { Beginning, PartStore } from './part-store.ts';
import { headerLength, PREFIX_BYTES } from './safetensors.ts';

/** What the first answer of a server says of a file. */
export interface Probe {
  /** Size of the file. */
  readonly total: number;
  /** Its first bytes; none where the server ignores ranges. */
  readonly first: Uint8Array;
  readonly ranges: boolean;
  readonly hash: string | undefined;
  /** Commit that the hub says the file is of. */
  readonly commit: string | undefined;
  /** Changes with the content, where the server says anything of the kind. */
  readonly validator: string | undefined;
}

/** Read at once with the header's length: most headers need no second request. */
const FIRST_READ_BYTES = 16 << 10;
const DOWNLOADS_AT_ONCE = 4;

/** undefined where there is no such file */
export async function probe(http: Http, url: string, signal: AbortSignal): Promise<Probe | undefined> {
  const answer = await http.get(url, { offset: 0, bytes: FIRST_READ_BYTES }, signal);
  if (answer.status === 404) {
    await answer.discard();
    return undefined;
  }
  const about = {
    hash: contentHash(answer),
    commit: answer.header('x-repo-commit'),
    validator: answer.ownHeader('etag') ?? answer.ownHeader('last-modified'),
  };
  const sent = contentRange(answer);
  if (answer.status === 206 && sent !== undefined && sent.from === 0 && sent.to <= FIRST_READ_BYTES) {
    const first = await collect(answer.body, sent.to).catch(() => undefined);
    const range = { offset: 0, bytes: sent.to };
    return {
      total: sent.total,
      first: first ?? (await collect(http.stream(url, range, sent.total, signal), sent.to)),
      ranges: true,
      ...about,
    };
  }
  await answer.discard();
  const total = Number(answer.ownHeader('content-length'));
  if (answer.status === 200 && total <= MAX_WITHOUT_RANGES) {
    return { total, first: new Uint8Array(), ranges: false, ...about };
  }
  if (answer.status === 416) return { total: 0, first: new Uint8Array(), ranges: true, ...about };
  throw new CheckpointError(
    `${url}: the server does not send ranges of it (it answers ${answer.status}); download the checkpoint and give its folder`,
  );
}

export interface RemoteOptions {
  readonly url: string;
  readonly parts: PartStore;
  /** Keeps the whole file and tells where: for servers without ranges, and when every tensor of it is asked for. */
  keepWhole(pieces: AsyncIterable<Uint8Array>, hash: string | undefined): Promise<string>;
}

/** The file that a probe found; its header is read and kept. */
export async function openProbed(
  options: RemoteOptions,
  http: Http,
  probed: Probe,
  signal: AbortSignal,
): Promise<RangedFile> {
  const { url, parts, keepWhole } = options;
  const { total, hash } = probed;
  if (!probed.ranges) {
    const pieces = http.stream(url, { offset: 0, bytes: total }, total, signal);
    return await localFile(await realpath(await keepWhole(pieces, hash)));
  }
  const beginning = { total, hash, header: await readHeader(http, url, probed, signal) };
  await parts.keepBeginning(beginning);
  return remoteFile(options, http, beginning);
}

/** The bytes before the first tensor's, out of what the probe has read where that is enough. */
async function readHeader(http: Http, url: string, { total, first }: Probe, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = PREFIX_BYTES + headerLength(first, total, url);
  const header = new Uint8Array(bytes);
  header.set(first.subarray(0, bytes));
  const rest = { offset: first.length, bytes: bytes - first.length };
  if (rest.bytes > 0) header.set(await collect(http.stream(url, rest, total, signal), rest.bytes), first.length);
  return header;
}

/** @param http undefined: offline, nothing is asked of the network */
export function remoteFile(
  { url, parts, keepWhole }: RemoteOptions,
  http: Http | undefined,
  { total, hash, header }: Beginning,
): RangedFile {
  /** What of it is on this machine: `range` is at `place`. */
  const held: { readonly range: ByteRange; readonly place: Place }[] = [];
  const never = new AbortController().signal;

  function stream(range: ByteRange, signal: AbortSignal): AsyncIterable<Uint8Array> {
    if (http !== undefined) return http.stream(url, range, total, signal);
    throw new CheckpointError(
      `${url}: bytes ${range.offset} to ${range.offset + range.bytes - 1} are not in the cache, and offline nothing is fetched`,
    );
  }

  function placeOf({ offset, bytes }: ByteRange): Place | undefined {
    const found = held.find(({ range }) => range.offset <= offset && offset + bytes <= range.offset + range.bytes);
    return found && { path: found.place.path, offset: found.place.offset + offset - found.range.offset };
  }

  async function fetchPart(range: ByteRange, signal: AbortSignal): Promise<void> {
    const path = (await parts.find(range)) ?? (await parts.keep(range, stream(range, signal)));
    held.push({ range, place: { path: await realpath(path), offset: 0 } });
  }

  /** True where the ranges are all there is after the header. */
  function isWhole(ranges: readonly ByteRange[]): boolean {
    const sum = ranges.reduce((bytes, range) => bytes + range.bytes, 0);
    return new Set(ranges.map(({ offset }) => offset)).size === ranges.length && sum === total - header.length;
  }

  return {
    bytes: total,

    async *read(offset, bytes, signal = never) {
      const place = placeOf({ offset, bytes });
      if (offset + bytes <= header.length) yield header.subarray(offset, offset + bytes);
      else if (place === undefined) yield* stream({ offset, bytes }, signal);
      else yield* (await localFile(place.path)).read(place.offset, bytes, signal);
    },

    async place(ranges, signal = never) {
      const missing = ranges.filter((range) => placeOf(range) === undefined);
      if (http !== undefined && missing.length > 0 && isWhole(missing)) {
        const range = { offset: 0, bytes: total };
        const path = await keepWhole(stream(range, signal), hash);
        held.push({ range, place: { path: await realpath(path), offset: 0 } });
      } else {
        const failed = new AbortController();
        const both = AbortSignal.any([signal, failed.signal]);
        const fetchNext = async (): Promise<void> => {
          for (let next = missing.shift(); next !== undefined; next = missing.shift()) await fetchPart(next, both);
        };
        await Promise.all(Array.from({ length: DOWNLOADS_AT_ONCE }, fetchNext)).catch((error: unknown) => {
          failed.abort();
          throw error;
        });
      }
      return ranges.map((range) => placeOf(range)!);
    },
  };
}

/** What the hub calls the content of a file, else the etag of whoever sends it. */
export function contentHash(answer: Answer): string | undefined {
  const etag = answer.header('x-linked-etag') ?? answer.ownHeader('etag');
  return etag?.replace(/^W\//, '').replaceAll('"', '');
}
