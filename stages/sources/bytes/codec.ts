/** Compressed members: what begins one, how it is undone, how its end is known. All decompression is node:zlib's. */
import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

export interface Codec {
  readonly name: 'gzip' | 'zstd';
  /** The first bytes of a member, to search for. */
  readonly magic: Buffer;
  /** Bytes before the compressed data; undefined where `bytes` holds too few to tell. */
  headerBytes(bytes: Buffer): number | undefined;
  /** Bytes after the compressed data. */
  readonly trailerBytes: number;
  /** What the trailer finds wrong with a content of this CRC-32 and length, if anything. */
  fault(trailer: Buffer, crc: number, length: number): string | undefined;
  /** Undoes the data at the start of `bytes`, which may go on behind it. Throws as node:zlib does. */
  sync(bytes: Buffer, maxOutputLength: number): { readonly bytes: Buffer; readonly used: number };
  stream(): Transform & Engine;
  /** Whether a member whose content begins with `prefix` may begin here. */
  mayBegin(bytes: Buffer, prefix: Buffer): boolean;
}

/** The part of a zlib engine that tells how many bytes it took. */
export interface Engine {
  readonly bytesWritten: number;
}

/** What node:zlib returns with `info: true`, which its types do not say. */
interface WithInfo {
  readonly buffer: Buffer;
  readonly engine: Engine;
}

/** Bytes that a stream hands over at once. */
const CHUNK = 1 << 20;

/** RFC 1952: magic, method, flags, time, extra flags, system; optional fields by flag; deflate; CRC-32 and length mod 2³². */
const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
const RESERVED = 0xe0;

function gzipHeaderBytes(bytes: Buffer): number | undefined {
  if (bytes.length < 12) return undefined;
  const flags = bytes[3]!;
  let at = 10;
  if (flags & FEXTRA) at += 2 + bytes.readUInt16LE(10);
  for (const flag of [FNAME, FCOMMENT]) {
    if (!(flags & flag)) continue;
    const end = bytes.indexOf(0, at);
    if (end === -1) return undefined;
    at = end + 1;
  }
  if (flags & FHCRC) at += 2;
  return at <= bytes.length ? at : undefined;
}

const gzip: Codec = {
  name: 'gzip',
  magic: Buffer.from([0x1f, 0x8b, 8]),
  trailerBytes: 8,
  headerBytes: gzipHeaderBytes,

  fault(trailer, crc, length) {
    const [saidCrc, saidLength] = [trailer.readUInt32LE(0), trailer.readUInt32LE(4)];
    if (crc !== saidCrc) return `the content's CRC-32 is ${hex(crc)}, the trailer says ${hex(saidCrc)}`;
    if (length % 2 ** 32 !== saidLength) return `the content has ${length} bytes, the trailer says ${saidLength}`;
    return undefined;
  },

  sync(bytes, maxOutputLength) {
    const { buffer, engine } = zlib.inflateRawSync(bytes, { maxOutputLength, info: true }) as unknown as WithInfo;
    return { bytes: buffer, used: engine.bytesWritten };
  },

  stream: () => zlib.createInflateRaw({ chunkSize: CHUNK }),

  mayBegin(bytes, prefix) {
    const header = gzipHeaderBytes(bytes);
    if (header === undefined || (bytes[3]! & RESERVED) !== 0) return false;
    return PROBES.some((size) => {
      const some = bytes.subarray(header, header + size);
      const options = { finishFlush: zlib.constants.Z_SYNC_FLUSH, maxOutputLength: some.length * MAX_DEFLATE_RATIO };
      try {
        return zlib.inflateRawSync(some, options).subarray(0, prefix.length).equals(prefix);
      } catch {
        return false;
      }
    });
  },
};

/** Compressed bytes that are tried, the fewest first: a member may be cut off behind its start. */
const PROBES = [32, 128, 512] as const;

/** A match of 258 bytes takes 2 bits or more. */
const MAX_DEFLATE_RATIO = 258 * 4;

/**
 * RFC 8878. A frame may carry a checksum, which the decoder holds to; a skippable frame decompresses to nothing.
 *
 * @param dictionary that frames were compressed with
 */
export function zstdWith(dictionary: Buffer | undefined): Codec {
  const known = dictionary === undefined ? {} : { dictionary };
  return {
    name: 'zstd',
    magic: ZSTD_MAGIC,
    trailerBytes: 0,
    headerBytes: () => 0,
    fault: () => undefined,

    sync(bytes, maxOutputLength) {
      const options = { ...known, maxOutputLength, info: true };
      const { buffer, engine } = zlib.zstdDecompressSync(bytes, options) as unknown as WithInfo;
      return { bytes: buffer, used: engine.bytesWritten };
    },

    stream: () => zlib.createZstdDecompress({ ...known, chunkSize: CHUNK }),

    mayBegin: () => true, // nothing comes out before a block of 128 KiB is whole, and its magic is four bytes
  };
}

const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const zstd = zstdWith(undefined);

export const CODECS: readonly Codec[] = [gzip, zstd];

/** The codec of bytes that begin so; undefined where they are not compressed. Names of files are not asked. */
export function codecOf(bytes: Buffer): Codec | undefined {
  return CODECS.find((codec) => beginsMember(codec, bytes));
}

/** A skippable frame begins with any of 0x50 to 0x5f and these. */
const SKIPPABLE = Buffer.from([0x2a, 0x4d, 0x18]);

export function beginsMember(codec: Codec, bytes: Buffer): boolean {
  if (bytes.subarray(0, codec.magic.length).equals(codec.magic)) return true;
  return codec.name === 'zstd' && (bytes[0]! & 0xf0) === 0x50 && bytes.subarray(1, 4).equals(SKIPPABLE);
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
