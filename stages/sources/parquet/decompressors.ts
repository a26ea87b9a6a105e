import zlib from 'node:zlib';
import { type Compressors, snappyUncompress } from 'hyparquet';
import { decompressLz4, decompressLz4Raw } from 'hyparquet-compressors';
import { Damage } from '../bytes/damage.ts';

/** Decompressors of pages that, all together, make at most `max` bytes; they throw Damage before there are more. */
export function decompressors(max: number): Compressors {
  let left = max;

  function within(undo: (page: Uint8Array, length: number) => Uint8Array) {
    return (page: Uint8Array, length: number): Uint8Array => {
      left -= length;
      if (left < 0) throw new Damage('too-large', `its pages unpack to more than ${max} bytes`);
      return length === 0 ? new Uint8Array() : undo(page, length);
    };
  }

  return {
    SNAPPY: within((page, length) => {
      const out = new Uint8Array(length);
      snappyUncompress(page, out);
      return out;
    }),
    GZIP: within((page, maxOutputLength) => zlib.gunzipSync(page, { maxOutputLength })),
    ZSTD: within((page, maxOutputLength) => zlib.zstdDecompressSync(page, { maxOutputLength })),
    LZ4: within(decompressLz4),
    LZ4_RAW: within(decompressLz4Raw),
    BROTLI: within((page, maxOutputLength) => zlib.brotliDecompressSync(page, { maxOutputLength })),
  };
}
