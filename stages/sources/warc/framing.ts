/** The records of a WARC file: plain, or gzip or zstd members of one or more records each. */
import { setImmediate } from 'node:timers/promises';
import { Reject } from '../../../pipeline/contract.ts';
import { CODECS, type Codec, codecOf, zstdWith } from '../bytes/codec.ts';
import { Damage } from '../bytes/damage.ts';
import { isMember, isPadding, memberChunks, nextMember, wholeMember } from '../bytes/member.ts';
import { chunkWindow, memoryWindow, type Window } from '../bytes/window.ts';
import { dictionaryOf } from './dictionary.ts';
import { VERSION, type WarcRecord } from './record.ts';
import { type Limits, recordsOf } from './records.ts';

/** A record, or damage; the member that begins at byte `member` of the file holds it as number `index`. */
export type Placed = { readonly member: number; readonly index: number } & (
  | { readonly record: WarcRecord }
  | { readonly reject: Reject; readonly bytes: Buffer }
);

/** What is kept of a damaged member. */
const KEPT = 64 << 10;

/** Bytes of one member that are decompressed in search of its next record before the rest of it is given up. */
const MAX_SKIP = 256 << 20;

/**
 * From the member at `from` on; in a plain file each record is one. Records of a member that is held as a whole are handed
 * out when it is found sound; of a larger one as they come, and the damage behind them.
 */
export async function* frame(window: Window, from: number, maxBlock: number): AsyncGenerator<Placed> {
  const codec = await compressionOf(window);
  if (codec === undefined) {
    for await (const { at, ...framed } of recordsOf(window, from, { block: maxBlock, skip: Infinity })) {
      yield { member: at, index: 0, ...framed };
    }
    return;
  }
  const limits = { block: maxBlock, skip: MAX_SKIP };
  for (let at: number | undefined = from; at !== undefined && (await window.view(at, 1)).length > 0; ) {
    at = yield* readMember(codec, window, at, limits);
  }
}

/** Bytes in which the kind of a file shows, where its beginning is damaged. */
const SAMPLE = 1 << 20;

/** How the file is compressed; undefined where it is plain. */
async function compressionOf(window: Window): Promise<Codec | undefined> {
  const start = await window.view(0, SAMPLE);
  if (start.subarray(0, VERSION.length).equals(VERSION)) return undefined;
  const codec = codecOf(start);
  if (codec?.name === 'zstd') return zstdWith(await dictionaryOf(window));
  if (codec !== undefined) return codec;

  const sample = memoryWindow(start);
  let first = start.indexOf(VERSION) === -1 ? Infinity : start.indexOf(VERSION);
  let found: Codec | undefined;
  for (const candidate of CODECS) {
    const at = (await nextMember(candidate, sample, 0, VERSION)) ?? Infinity;
    if (at < first) [first, found] = [at, candidate];
  }
  return found;
}

/** Bytes of a member's content that are read in one go. */
const PAUSE = 1 << 20;

/** Returns where the next member begins; undefined where there is none. */
async function* readMember(
  codec: Codec,
  window: Window,
  at: number,
  limits: Limits,
): AsyncGenerator<Placed, number | undefined> {
  let index = 0;
  try {
    if (!(await isMember(codec, window, at))) {
      if (await isPadding(window, at)) return undefined;
      throw new Damage('corrupt-member', `no ${codec.name} member begins here`);
    }
    const whole = await wholeMember(codec, window, at);
    const content = whole === undefined ? streamed(codec, window, at) : held(whole.bytes, whole.end);
    try {
      let pause = PAUSE;
      for await (const { at: place, ...framed } of recordsOf(content.window, 0, limits)) {
        yield { member: at, index: index++, ...framed };
        if (place < pause) continue;
        pause = place + PAUSE;
        await setImmediate(); // records that are held are read without waiting: an abort must come through
      }
    } finally {
      await content.window.close();
    }
    // a member that was given up has no known end
    return content.end() ?? (await nextMember(codec, window, at + 1, VERSION));
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    const start = await window.view(at, KEPT);
    const next = await nextMember(codec, window, at + 1, VERSION);
    const where = next === undefined ? 'no other one follows' : `the next one begins at byte ${next}`;
    const before = index === 0 ? '' : ` behind its first ${index} records`;
    const bytes = Buffer.from(start.subarray(0, Math.min(KEPT, (next ?? Infinity) - at)));
    yield { member: at, index, reject: new Reject(error.code, `${error.message}${before}; ${where}`), bytes };
    return next;
  }
}

interface Content {
  readonly window: Window;
  /** Where the next member begins, once this one has been read to its end. */
  end(): number | undefined;
}

function held(bytes: Buffer, end: number): Content {
  return { window: memoryWindow(bytes), end: () => end };
}

function streamed(codec: Codec, window: Window, at: number): Content {
  let end: number | undefined;
  async function* chunks(): AsyncGenerator<Buffer> {
    end = yield* memberChunks(codec, window, at);
  }
  return { window: chunkWindow(chunks, false), end: () => end };
}
