import zlib from 'node:zlib';
import { codecOf } from '../bytes/codec.ts';
import type { Window } from '../bytes/window.ts';

/** The skippable frame that a dictionary stands in: its magic, and the length of what follows in 4 bytes, little-endian. */
const MAGIC = 0x184d2a5d;
const HEAD = 8;

/** Bytes of a dictionary, packed and unpacked; writers make them of some hundred KiB. */
const MAX_BYTES = 16 << 20;

/**
 * The dictionary that a WARC file in zstd begins with, which all its records need (the IIPC's WARC-Zstandard 1.0); undefined
 * where it has none. It may be compressed itself.
 */
export async function dictionaryOf(window: Window): Promise<Buffer | undefined> {
  const head = await window.view(0, HEAD);
  if (head.length < HEAD || head.readUInt32LE(0) !== MAGIC) return undefined;
  const length = head.readUInt32LE(4);
  if (length > MAX_BYTES) return undefined; // its frames are then found to be damaged, each by itself
  const bytes = Buffer.from((await window.view(HEAD, length)).subarray(0, length));
  if (codecOf(bytes)?.name !== 'zstd') return bytes;
  try {
    return zlib.zstdDecompressSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch {
    return undefined;
  }
}
