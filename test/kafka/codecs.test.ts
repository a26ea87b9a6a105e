import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import zlib from 'node:zlib';
import { CODECS, UndecodableBatch } from '../../pipeline/kafka/codecs.ts';

const text = 'to be or not to be, that is the question: '.repeat(6);
const base64 = (bytes: string) => Buffer.from(bytes, 'base64');

/** Made by other programs: Google's snappy, and lz4_flex. */
const snappy = base64('/AEwdG8gYmUgb3Igbm90IAUNWCwgdGhhdCBpcyB0aGUgcXVlc3Rpb246CR3+KgD+KgD+KgAyKgA=');
const lz4 = base64('BCJNGGBAgjYAAADRdG8gYmUgb3Igbm90IA0A8ggsIHRoYXQgaXMgdGhlIHF1ZXN0aW9uOh0ADyoAtGB0aW9uOiAAAAAA');

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
/** As the Java client frames blocks. */
const framed = (...blocks: readonly Buffer[]) =>
  Buffer.concat([
    Buffer.from('\x82SNAPPY\0\0\0\0\x01\0\0\0\x01', 'latin1'),
    ...blocks.flatMap((block) => [uint32(block.length), block]),
  ]);

describe('what record batches are packed with', () => {
  test('is unpacked, whoever packed it', async () => {
    assert.equal(String(await CODECS.Snappy.decompress(snappy)), text);
    assert.equal(String(await CODECS.Snappy.decompress(framed(snappy, snappy))), text + text);
    assert.equal(String(await CODECS.LZ4.decompress(lz4)), text);
    for (const codec of [CODECS.GZIP, CODECS.ZSTD])
      assert.equal(String(await codec.decompress(await codec.compress({ buffer: Buffer.from(text) }))), text);
  });

  test('is refused where it is damaged, or would unpack to more than a topic can hold', async () => {
    const zeros = Buffer.alloc(65 << 20);
    const long = Buffer.concat([base64('/////w8='), snappy.subarray(2)]); // says that it has 4 GiB
    const block = Buffer.concat([lz4.subarray(7, 11), lz4.subarray(11, -4)]);
    const blocks = Buffer.concat([lz4.subarray(0, 7), ...Array<Buffer>(1025).fill(block), Buffer.alloc(4)]); // of 64 KiB each
    const faults: readonly (readonly [keyof typeof CODECS, Buffer])[] = [
      ['GZIP', zlib.gzipSync(zeros)],
      ['ZSTD', zlib.zstdCompressSync(zeros)],
      ['Snappy', long],
      ['Snappy', framed(snappy, long)],
      ['Snappy', framed(snappy).subarray(0, -3)],
      ['Snappy', snappy.subarray(0, 20)],
      ['Snappy', Buffer.alloc(0)],
      ['LZ4', blocks],
      ['LZ4', lz4.subarray(0, -9)],
      ['LZ4', Buffer.from(text)],
      ['LZ4', Buffer.from(lz4.with(25, 0))], // what is said again lies nowhere
      ['ZSTD', lz4],
      ['GZIP', lz4],
    ];
    for (const [name, bytes] of faults)
      await assert.rejects(CODECS[name].decompress(bytes), UndecodableBatch, `${name}: ${bytes.subarray(0, 40)}`);
  });
});
