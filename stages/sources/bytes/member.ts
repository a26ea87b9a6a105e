/** One compressed member at a place of a window: as a whole, as chunks, and where the next one begins. */
import zlib from 'node:zlib';
import { beginsMember, type Codec } from './codec.ts';
import { Damage } from './damage.ts';
import type { Window } from './window.ts';

export interface Member {
  readonly bytes: Buffer;
  /** Where the next one begins. */
  readonly end: number;
}

/** Larger members are not held as a whole, in bytes compressed and decompressed. */
const MAX_COMPRESSED = 4 << 20;
const MAX_WHOLE = 16 << 20;

/** Compressed bytes that are tried first. */
const FIRST = 16 << 10;

/**
 * The member at `at`, checked; undefined where it is too large to be held: `memberChunks` reads it.
 *
 * @throws Damage
 */
export async function wholeMember(codec: Codec, window: Window, at: number): Promise<Member | undefined> {
  for (let want = FIRST; ; want *= 2) {
    const held = await window.view(at, want);
    const header = codec.headerBytes(held);
    try {
      if (header !== undefined) {
        const { bytes, used } = codec.sync(held.subarray(header), MAX_WHOLE);
        const behind = header + used;
        const trailer = held.subarray(behind, behind + codec.trailerBytes);
        if (trailer.length === codec.trailerBytes) {
          check(codec, trailer, zlib.crc32(bytes), bytes.length);
          return { bytes, end: at + behind + trailer.length };
        }
      }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ERR_BUFFER_TOO_LARGE') return undefined;
      if (code !== 'Z_BUF_ERROR') throw damaged(codec, error);
    }
    if (held.length < want) throw cutOff(codec, held.length);
    if (held.length > MAX_COMPRESSED) return undefined;
    want = held.length;
  }
}

/**
 * The content of the member at `at`, chunk by chunk, and at last where the next one begins. Its trailer is checked when all
 * has been handed out.
 *
 * @throws Damage
 */
export async function* memberChunks(codec: Codec, window: Window, at: number): AsyncGenerator<Buffer, number> {
  const header = await headerOf(codec, window, at);
  const engine = codec.stream();
  const fed = feed(at + header).catch((error: Error) => engine.destroy(error));
  let crc = 0;
  let length = 0;

  /** One chunk at a time, and none once one was not used up: the window must not pass the end of the member. */
  async function feed(from: number): Promise<void> {
    for (let place = from; from + engine.bytesWritten === place && !engine.destroyed; ) {
      const chunk = await window.view(place, 1);
      if (chunk.length === 0) return void engine.end();
      place += chunk.length;
      await new Promise((resolve) => {
        engine.once('close', resolve);
        engine.write(chunk, () => {
          engine.off('close', resolve);
          resolve(undefined);
        });
      });
    }
  }

  try {
    for await (const chunk of engine as AsyncIterable<Buffer>) {
      crc = zlib.crc32(chunk, crc);
      length += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw damaged(codec, error);
  } finally {
    engine.destroy();
    await fed;
  }

  const behind = at + header + engine.bytesWritten;
  const trailer = (await window.view(behind, codec.trailerBytes)).subarray(0, codec.trailerBytes);
  if (trailer.length < codec.trailerBytes) throw cutOff(codec, behind + trailer.length - at);
  check(codec, trailer, crc, length);
  return behind + trailer.length;
}

/** Room for the optional fields of a header. */
const MAX_HEADER = 1 << 17;

async function headerOf(codec: Codec, window: Window, at: number): Promise<number> {
  const held = await window.view(at, MAX_HEADER);
  const header = codec.headerBytes(held);
  if (header === undefined) throw cutOff(codec, held.length);
  return header;
}

/** Where the next member begins whose content begins with `prefix`, at `from` or after; undefined where there is none. */
export async function nextMember(
  codec: Codec,
  window: Window,
  from: number,
  prefix: Buffer,
): Promise<number | undefined> {
  for (let at = from; ; ) {
    const held = await window.view(at, MAX_HEADER);
    const found = held.indexOf(codec.magic);
    if (found === 0 && codec.mayBegin(held, prefix)) return at;
    if (found > 0) at += found;
    else if (found === 0) at += 1;
    else if (held.length < MAX_HEADER) return undefined;
    else at += held.length - codec.magic.length + 1;
  }
}

/** Whether a member begins at `at`. */
export async function isMember(codec: Codec, window: Window, at: number): Promise<boolean> {
  return beginsMember(codec, await window.view(at, 4));
}

/** Whether nothing but zeros follows, as tapes and block devices leave them. */
export async function isPadding(window: Window, from: number): Promise<boolean> {
  for (let at = from; ; ) {
    const held = await window.view(at, 1);
    if (held.length === 0) return true;
    if (held.some((byte) => byte !== 0)) return false;
    at += held.length;
  }
}

function check(codec: Codec, trailer: Buffer, crc: number, length: number): void {
  const fault = codec.fault(trailer, crc, length);
  if (fault !== undefined) throw new Damage('corrupt-member', fault);
}

function cutOff(codec: Codec, bytes: number): Damage {
  return new Damage('truncated-record', `the ${codec.name} member is cut off after ${bytes} bytes`);
}

/** A failure of the decoder as damage of what it was given; anything else, an abort for one, as it is. */
function damaged(codec: Codec, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return new Damage('truncated-record', `the ${codec.name} member is cut off`);
  if (code !== undefined && /^(Z_|ZSTD_|ERR_ZLIB)/.test(code)) {
    return new Damage('corrupt-member', `the ${codec.name} data is damaged: ${message}`);
  }
  return error;
}
