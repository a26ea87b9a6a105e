import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { collect, equalBytes } from '../../stages/checkpoint/bytes.ts';
import { equalUpToRounding, rounded, toFloat32 } from '../../stages/checkpoint/dtype.ts';

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

describe('streams of bytes', () => {
  test('are equal or not, however they are cut', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 });
    const few = fc.uint8Array({ maxLength: 6, max: 2 });
    await fc.assert(
      fc.asyncProperty(few, few, sizes, sizes, async (a, b, cutA, cutB) => {
        assert.equal(await equalBytes(pieces(a, cutA), pieces(b, cutB)), Buffer.compare(a, b) === 0);
        assert.equal(await equalBytes(pieces(a, cutA), pieces(a.slice(), cutB)), true);
      }),
    );
  });

  test('are collected whole, or not at all', async () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5);
    assert.deepEqual(await collect(pieces(bytes, [2]), 5), bytes);
    await assert.rejects(collect(pieces(bytes, [2]), 6), RangeError);
    await assert.rejects(collect(pieces(bytes, [2]), 3), RangeError);
  });
});

describe('stored types', () => {
  test('every F16 and BF16 value is read exactly, and rounds to itself', () => {
    const words = Uint16Array.from({ length: 1 << 16 }, (_, i) => i);
    const bytes = new Uint8Array(words.buffer);
    const halves = toFloat32(bytes, 'F16');
    const brains = toFloat32(bytes, 'BF16');
    const view = new DataView(new ArrayBuffer(4));
    for (const [i, word] of words.entries()) {
      view.setUint32(0, word * 2 ** 16);
      assert.equal(brains[i], view.getFloat32(0));
      if (!Number.isFinite(halves[i]!)) continue;
      assert.equal(rounded(halves[i]!, 'F16'), halves[i]);
      if (Number.isFinite(brains[i]!)) assert.equal(rounded(brains[i]!, 'BF16'), brains[i]);
    }
    assert.deepEqual([halves[0x3c00], halves[1], halves[0x7bff], halves[0xfc00]], [1, 2 ** -24, 65504, -Infinity]);
  });

  test('a value rounds to the nearest BF16, and to the even one of two', () => {
    const finite = toFloat32(new Uint8Array(Uint16Array.from({ length: 0x7f80 }, (_, i) => i).buffer), 'BF16');
    fc.assert(
      fc.property(fc.nat(finite.length - 2), fc.double({ min: 0, max: 1, noNaN: true }), (i, share) => {
        const [low, high] = [finite[i]!, finite[i + 1]!];
        const value = Math.fround(low + share * (high - low));
        const near = rounded(value, 'BF16');
        const [below, above] = [value - low, high - value];
        if (below === above) assert.equal(near, i % 2 === 0 ? low : high);
        else assert.equal(near, below < above ? low : high);
        assert.equal(rounded(-value, 'BF16'), -near);
        assert.ok(equalUpToRounding(value, 'F32', near, 'BF16') && equalUpToRounding(near, 'BF16', value, 'F32'));
      }),
    );
  });
});
