import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as minhash from '../../stages/math/minhash.ts';
import { random } from '../../stages/math/random.ts';
import { shinglesOf } from '../../stages/math/shingles.ts';

const { resemblance } = minhash;
const signatureOf = (ids: Int32Array) => minhash.signatureOf(shinglesOf(ids), 64);

const tokens = (n: number, seed: number) => Int32Array.from(random(seed).words(0, 0, n), (word) => word % 50_000);

function jaccard(a: Int32Array, b: Int32Array): number {
  const shingles = (ids: Int32Array) =>
    new Set(Array.from({ length: ids.length - 4 }, (_, i) => ids.slice(i, i + 5).join()));
  const [one, two] = [shingles(a), shingles(b)];
  return one.intersection(two).size / one.union(two).size;
}

describe('MinHash', () => {
  test('is the same for the same text, whatever its place', () => {
    const text = tokens(60, 1);
    assert.equal(resemblance(signatureOf(text), signatureOf(text.slice())), 1);
    assert.ok(resemblance(signatureOf(text), signatureOf(tokens(60, 2))) < 0.1);
  });

  test('estimates the Jaccard index of the shingles to within three standard errors of 64 draws', () => {
    for (const kept of [100, 80, 60, 40, 20]) {
      const one = tokens(120, 7);
      const two = Int32Array.of(...one.subarray(0, kept), ...tokens(120 - kept, kept));
      const exact = jaccard(one, two);
      const error = Math.abs(resemblance(signatureOf(one), signatureOf(two)) - exact);
      assert.ok(error <= 3 * Math.sqrt((exact * (1 - exact)) / 64) + 1 / 64, `${kept}: ${error} of ${exact}`);
    }
  });

  test('takes texts shorter than a shingle, and none', () => {
    for (const n of [0, 1, 4]) assert.equal(resemblance(signatureOf(tokens(n, 3)), signatureOf(tokens(n, 3))), 1);
  });
});
