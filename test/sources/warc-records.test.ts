import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { chunkWindow, memoryWindow, type Window } from '../../stages/sources/bytes/window.ts';
import { frame } from '../../stages/sources/warc/framing.ts';
import { recordsOf } from '../../stages/sources/warc/records.ts';
import { gz, page, zst } from './warc-bytes.ts';

const words = Array.from({ length: 8 }, (_, i) => `page ${i} ${'says much '.repeat(i * 7)}`);
const pages = words.map((text, i) => page(text, { url: `https://a.example/${i}` }));

/** The pages that are found, by number, and how many rejects. */
async function found(window: Window): Promise<{ readonly pages: readonly number[]; readonly rejects: number }> {
  const numbers: number[] = [];
  let rejects = 0;
  for await (const placed of frame(window, 0, 1 << 20)) {
    if ('reject' in placed) rejects++;
    else numbers.push(pages.findIndex((bytes) => bytes.subarray(0, -4).equals(placed.record.bytes)));
  }
  return { pages: numbers, rejects };
}

const all = pages.map((_, i) => i);
const codings = { plain: (bytes: Uint8Array) => Buffer.from(bytes), gzip: gz, zstd: zst };

describe('WARC framing', () => {
  for (const [name, code] of Object.entries(codings)) {
    const members = pages.map(code);

    test(`${name}: bytes changed within one record cost that record alone`, async () => {
      const change = fc.tuple(
        fc.nat(pages.length - 1),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
      );
      await fc.assert(
        fc.asyncProperty(change, async ([at, changes]) => {
          const bad = Buffer.from(members[at]!);
          for (const [place, mask] of changes) bad[place % bad.length]! ^= mask;
          const { pages: numbers, rejects } = await found(memoryWindow(Buffer.concat(members.with(at, bad))));
          const others = all.filter((i) => i !== at);
          assert.deepEqual(
            numbers.filter((i) => others.includes(i)),
            others,
          );
          if (numbers.length < all.length) assert.ok(rejects > 0, 'a record is gone and no reject says so');
        }),
        { numRuns: 150 },
      );
    });

    test(`${name}: bytes cut out or put in cost the records they touch, and whatever comes out is counted`, async () => {
      const splice = fc.record({ at: fc.nat(), cut: fc.nat(300), put: fc.uint8Array({ maxLength: 40 }) });
      const ends = members.map((_, i) => Buffer.concat(members.slice(0, i + 1)).length);
      const sound = Buffer.concat(members);
      await fc.assert(
        fc.asyncProperty(splice, async ({ at, cut, put }) => {
          const from = at % sound.length;
          const bytes = Buffer.concat([sound.subarray(0, from), put, sound.subarray(from + cut)]);
          const { pages: numbers, rejects } = await found(memoryWindow(bytes));
          const untouched = all.filter((i) => ends[i]! < from || (ends[i - 1] ?? 0) > from + cut);
          assert.deepEqual(
            numbers.filter((i) => untouched.includes(i)),
            untouched,
          );
          if (numbers.length < all.length && cut < 40) assert.ok(rejects > 0);
        }),
        { numRuns: 150 },
      );
    });
  }

  test('any bytes at all are read to their end', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map(Buffer.from),
      fc.constantFrom(
        ...pages.slice(0, 2),
        gz(pages[0]!),
        zst(pages[0]!),
        Buffer.from('\r\nWARC/1.0\r\n'),
        Buffer.from([0x1f, 0x8b, 8, 0]),
      ),
      fc.nat(400).map((end) => gz(pages[1]!).subarray(0, end)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        await found(memoryWindow(Buffer.concat(pieces)));
      }),
      { numRuns: 200 },
    );
  });

  test('how the bytes are cut into chunks changes nothing', async () => {
    const bytes = Buffer.concat([
      gz(pages[0]!),
      gz(pages[3]!).subarray(0, 90),
      gz(Buffer.concat(pages.slice(4, 7))),
      Buffer.from('junk'),
      gz(pages[7]!),
    ]);
    const expected = await found(memoryWindow(bytes));
    assert.deepEqual(expected.pages, [0, 4, 5, 6, 7]);
    for (const size of [1, 7, 64, 1000]) {
      async function* chunks(from: number): AsyncGenerator<Buffer> {
        for (let at = from; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      assert.deepEqual(await found(chunkWindow(chunks, true)), expected, `${size}`);
    }
  });

  test('a stream is given up after so many bytes without a record, and says so', async () => {
    const zeros = Buffer.alloc(1000);
    async function* chunks(): AsyncGenerator<Buffer> {
      yield pages[0]!;
      for (let i = 0; i < 1000; i++) yield zeros;
      yield Buffer.from(`\r\n${pages[1]}`);
    }
    for (const [skip, expected] of [
      [Infinity, [0, 'malformed-record', 1]],
      [100_000, [0, 'malformed-record']],
    ] as const) {
      const records: unknown[] = [];
      for await (const framed of recordsOf(chunkWindow(chunks, false), 0, { block: 1000, skip })) {
        if ('reject' in framed) records.push(framed.reject.code);
        else records.push(pages.findIndex((bytes) => bytes.subarray(0, -4).equals(framed.record.bytes)));
      }
      assert.deepEqual(records, expected);
    }
  });
});
