/** What record batches are packed with, for kafkajs, which brings gzip alone, and that without a bound. */
import { promisify } from 'node:util';
import {
  constants,
  gunzip,
  gzip,
  type InputType,
  type ZlibOptions,
  type ZstdOptions,
  zstdCompress,
  zstdDecompress,
} from 'node:zlib';
import { snappyUncompress } from 'hyparquet';

/** Of a record batch after decompression: above what a topic may hold (`max.message.bytes`) it is a bomb. */
const MAX_BYTES = 64 * 2 ** 20;

/** A batch cannot be unpacked, nor could it if it were fetched again. */
export class UndecodableBatch extends Error {
  override readonly name = 'UndecodableBatch';
}

/** The kafkajs encoder it is given knows its bytes as `buffer`. */
interface Encoder {
  readonly buffer: Buffer;
}

export interface Codec {
  compress(encoder: Encoder): Promise<Buffer>;
  /** @throws UndecodableBatch */
  decompress(bytes: Buffer): Promise<Buffer>;
}

/** Level 1: record batches of text and float32s shrink little more at higher ones, which cost several times the time. */
const params = { [constants.ZSTD_c_compressionLevel]: 1 };

export const CODECS = {
  GZIP: codec('gzip', promisify<InputType, ZlibOptions, Buffer>(gunzip), promisify(gzip)),
  ZSTD: codec('zstd', promisify<InputType, ZstdOptions, Buffer>(zstdDecompress), (bytes) =>
    promisify<InputType, ZstdOptions, Buffer>(zstdCompress)(bytes, { params }),
  ),
  Snappy: codec('snappy', async (bytes, { maxOutputLength }) => unsnapped(bytes, maxOutputLength)),
  LZ4: codec('lz4', unlz4ed),
} as const;

/** @param pack left out where batches are read alone */
function codec(
  name: string,
  unpack: (bytes: Buffer, limit: { readonly maxOutputLength: number }) => Promise<Buffer>,
  pack: (bytes: Buffer) => Promise<Buffer> = () => Promise.reject(new Error(`${name} is read, not written`)),
): Codec {
  return {
    compress: ({ buffer }) => pack(buffer),

    async decompress(bytes) {
      try {
        return await unpack(bytes, { maxOutputLength: MAX_BYTES });
      } catch (cause) {
        throw new UndecodableBatch(`it is packed with ${name}, and cannot be unpacked: ${(cause as Error).message}`, {
          cause,
        });
      }
    },
  };
}

/** As the Java client frames it: magic, two versions, and blocks with their lengths; others write one bare block. */
const SNAPPY_JAVA = Buffer.from('\x82SNAPPY\0', 'latin1');
const SNAPPY_JAVA_HEAD = SNAPPY_JAVA.length + 8;

function unsnapped(bytes: Buffer, max: number): Buffer {
  if (!bytes.subarray(0, SNAPPY_JAVA.length).equals(SNAPPY_JAVA)) return block(bytes, max);
  const parts: Buffer[] = [];
  let left = max;
  for (let at = SNAPPY_JAVA_HEAD; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new RangeError('its last block is cut off');
    const part = block(bytes.subarray(at + 4, end), left);
    left -= part.length;
    parts.push(part);
    at = end;
  }
  return Buffer.concat(parts);

  function block(packed: Buffer, most: number): Buffer {
    const length = varint(packed);
    if (length > most) throw new RangeError(`it has more than ${max} bytes`);
    const unpacked = Buffer.alloc(length);
    snappyUncompress(packed, unpacked);
    return unpacked;
  }
}

/** The length that a block begins with: groups of seven bits, the lowest first. */
function varint(bytes: Buffer): number {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes.readUInt8(i);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  throw new RangeError('its length is no length');
}

async function unlz4ed(bytes: Buffer, { maxOutputLength }: { readonly maxOutputLength: number }): Promise<Buffer> {
  const most = lz4Bound(bytes);
  if (most > maxOutputLength) throw new RangeError(`it may have ${most} bytes, more than ${maxOutputLength}`);
  const { decompressFrame } = await import('lz4-napi'); // native, and rarely wanted
  return await decompressFrame(bytes);
}

/** What a frame can unpack to: its blocks, each of the largest size that its head allows. LZ4 frame format 1.6.4. */
function lz4Bound(frame: Buffer): number {
  if (frame.readUInt32LE(0) !== 0x184d2204) throw new RangeError('it is no LZ4 frame');
  const [flags, sizes] = [frame.readUInt8(4), frame.readUInt8(5)];
  const largest = 2 ** (8 + 2 * ((sizes >> 4) & 7));
  const checksum = flags & 0x10 ? 4 : 0;
  let blocks = 0;
  for (let at = 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0); ; blocks++) {
    const size = frame.readUInt32LE(at) & 0x7fffffff;
    if (size === 0) return blocks * largest;
    at += 4 + size + checksum;
  }
}
