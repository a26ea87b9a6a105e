import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { linesOf } from '../../stages/sources/bytes/lines.ts';
import { jsonl } from '../../stages/sources/jsonl.ts';
import { all } from '../kit/source.ts';
import { scratch } from './scratch.ts';

const signal = new AbortController().signal;
const folder = scratch({});

async function* chunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

describe('lines', () => {
  test('give back the chunks of a line that is passed over, and no others', async () => {
    const parts = Array.from({ length: 8 }, () => Buffer.from(new ArrayBuffer(1 << 18)).fill('x'));
    parts.at(-1)!.write('\nb\n', 100);
    const lines = await Array.fromAsync(linesOf(chunks(parts), 0, 1 << 19));
    assert.deepEqual(
      lines.map(({ bytes, tooLong, to }) => [bytes.toString().slice(0, 3), tooLong, to]),
      [
        ['xxx', true, 7 * (1 << 18) + 101],
        ['b', false, 7 * (1 << 18) + 103],
        ['xxx', false, 8 * (1 << 18)],
      ],
    );
    assert.deepEqual(
      parts.map(({ length }) => length),
      [...Array(7).fill(0), 1 << 18],
    );

    async function* chunks(all: readonly Buffer[]) {
      yield* all;
    }
  });

  test('are those of the content, whatever chunks it comes in, and their places join up', async () => {
    const content = fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r', '"') }).map(Buffer.from);
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(content, sizes, fc.integer({ min: 1, max: 30 }), async (bytes, cuts, max) => {
        const lines = await Array.fromAsync(linesOf(chunks(bytes, cuts), 0, max));
        const expected = bytes.toString('latin1').split('\n');
        if (expected.at(-1) === '') expected.pop();
        assert.deepEqual(
          lines.map((line) => line.bytes.toString('latin1')),
          expected,
        );
        assert.deepEqual(
          lines.map(({ tooLong }) => tooLong),
          expected.map((line) => line.length > max),
        );
        for (const [i, line] of lines.entries()) assert.equal(line.from, lines[i - 1]?.to ?? 0);
        assert.equal(lines.at(-1)?.to ?? 0, bytes.length);
      }),
    );
  });

  test('any bytes at all are one outcome a line that is not blank, and each resumes with the rest', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 30 }).map(Buffer.from),
      fc.json().map(Buffer.from),
      fc
        .record({ id: fc.anything(), text: fc.string(), url: fc.string() })
        .map((value) => Buffer.from(JSON.stringify(value))),
      fc.constantFrom(
        Buffer.from('\n'),
        Buffer.from('\n\n'),
        Buffer.from('{"text":'),
        Buffer.from('[['),
        Buffer.from('\ufeff'),
      ),
    );
    const path = join(folder, 'any.jsonl');
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.nat(), async (pieces, pick) => {
        const bytes = Buffer.concat(pieces.flatMap((bytes) => [bytes, Buffer.from('\n')]));
        if (bytes[0] === 0x1f || bytes[0] === 0x28) return; // may be compressed
        writeFileSync(path, bytes);
        const source = jsonl.create(jsonl.config.parse({ path }));
        const records = await all(source, undefined, signal);
        const lines = bytes
          .toString('latin1')
          .split('\n')
          .filter((line) => !/^[\0- ]*$/.test(line));
        assert.equal(records.length, lines.length);
        if (records.length === 0) return;
        const at = pick % records.length;
        assert.deepEqual(await all(source, records[at]!.cursor, signal), records.slice(at + 1));
      }),
      { numRuns: 100 },
    );
  });
});
