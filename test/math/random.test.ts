import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { philox, random } from '../../stages/math/random.ts';
import { philoxTwin } from '../twins/philox.ts';

const hash = (array: Uint32Array | Int8Array) =>
  createHash('sha256')
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest('hex');

describe('random', () => {
  test('gives the known answers published with Philox4x32-10', () => {
    for (const [counter, key, expected] of [
      ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
      ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
      ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
    ] as const) {
      const words = fromHex(counter);
      philox(words, fromHex(key));
      assert.deepEqual(words, fromHex(expected));
    }
  });

  test('agrees with a twin in big integers, at indices beyond 2^32 and seeds beyond it too', () => {
    for (const [seed, stream, index] of [
      [0, 0, 0],
      [1, 2, 3],
      [2 ** 53 - 1, 2 ** 32 - 1, 2 ** 53 - 8],
      [2 ** 40 + 5, 7, 2 ** 35 + 2],
    ] as const) {
      assert.equal(random(seed).words(stream, index, 1)[0], philoxTwin(seed, stream, index));
    }
  });

  test('gives the same word however it is reached', () => {
    const { words } = random(5);
    const all = words(3, 0, 40);
    for (let from = 0; from < 9; from++) assert.deepEqual(words(3, from, 20), all.slice(from, from + 20));
    assert.equal(words(3, 7, 0).length, 0);
  });

  test('never changes', () => {
    const { words, signs, permutation } = random(20260101);
    assert.equal(hash(words(0, 0, 10_000)), 'f24ecd500162c7b676e571ad609aa9397cc93e7d4de2665641e890cb8e99d8e4');
    assert.equal(hash(signs(1, 10_000)), '32fdb0e092b827b3629b43d5b1ccb0d99289aee791b27926ce2171976623c9f3');
    assert.equal(hash(permutation(2, 10_000)), 'f606b585a2ec763ebba52933413d1d9052d2d75a446ad30bae7f535d8ea1006d');
  });

  test('signs are fair, independent of their neighbours, and a prefix of the longer list', () => {
    const n = 100_000;
    const signs = random(11).signs(4, n);
    const sum = signs.reduce((total, sign) => total + sign, 0);
    let pairs = 0;
    for (let i = 1; i < n; i++) pairs += signs[i]! * signs[i - 1]!;
    const limit = 4 * Math.sqrt(n); // four standard deviations
    assert.ok(Math.abs(sum) < limit, `sum ${sum}`);
    assert.ok(Math.abs(pairs) < limit, `pairs ${pairs}`);
    assert.ok(signs.every((sign) => sign === 1 || sign === -1));
    assert.deepEqual(random(11).signs(4, 100), signs.slice(0, 100));
  });

  test('every order of a permutation is equally likely', () => {
    const counts = new Map<string, number>();
    const draws = 24 * 500;
    for (let seed = 0; seed < draws; seed++) {
      const order = random(seed).permutation(0, 4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    assert.equal(counts.size, 24);
    const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0);
    assert.ok(chi2 < 49.7, `chi-squared ${chi2} on 23 degrees of freedom`); // p = .001
  });

  test('refuses a seed that is no whole number below 2^53', () => {
    for (const seed of [-1, 0.5, 2 ** 53, Number.NaN]) assert.throws(() => random(seed), RangeError);
  });
});

function fromHex(words: string): Uint32Array {
  return Uint32Array.from(words.split(' '), (word) => Number.parseInt(word, 16));
}
