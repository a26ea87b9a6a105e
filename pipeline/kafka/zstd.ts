/** Zstandard for kafkajs, which ships the codec's number but no codec. */
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Of a record batch after decompression: above what a topic may hold (`max.message.bytes`) it is a bomb. */
const MAX_BYTES = 64 * 2 ** 20;

/** Level 1: record batches of text and float32s shrink little more at higher ones, which cost several times the time. */
const params = { [constants.ZSTD_c_compressionLevel]: 1 };

/** The kafkajs encoder it is given knows its bytes as `buffer`. */
interface Encoder {
  readonly buffer: Buffer;
}

export const zstd = () => ({
  compress: (encoder: Encoder): Promise<Buffer> => compress(encoder.buffer, { params }),
  decompress: (bytes: Buffer): Promise<Buffer> => decompress(bytes, { maxOutputLength: MAX_BYTES }),
});
