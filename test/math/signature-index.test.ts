import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Banded, MINIMA } from '../../stages/math/bands.ts';
import { MOST_OF_A_BAND, signatureIndex } from '../../stages/math/signature-index.ts';

/** The same in the plainest way: a list, the newest last. */
function plainIndex(bound: number) {
  let list: (Banded & { readonly key: string })[] = [];
  const remove = (key: string) => {
    list = list.filter((one) => one.key !== key);
  };
  return {
    delete: remove,
    get: (key: string) => list.find((one) => one.key === key),
    add(key: string, signature: Banded) {
      remove(key);
      list = [...list, { ...signature, key }].slice(-bound);
    },
    candidates: (bands: Int32Array) =>
      Array.from(bands, (band) => list.filter((one) => one.bands.includes(band)).slice(0, MOST_OF_A_BAND)).flat(),
  };
}

describe('an index of signatures', () => {
  test('finds what a list would, whatever is added, replaced, deleted and forgotten', () => {
    const bands = fc.uniqueArray(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 3 });
    const step = fc.record({ key: fc.nat(9).map(String), bands, deleted: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), (bound, steps) => {
        const [index, plain] = [signatureIndex(bound), plainIndex(bound)];
        for (const [i, { key, bands: own, deleted }] of steps.entries()) {
          const signature = { bands: Int32Array.from(own), minima: Buffer.alloc(MINIMA, i) };
          for (const one of [index, plain]) deleted ? one.delete(key) : one.add(key, signature);
          for (let band = -2; band <= 2; band++) {
            const found = [index, plain].map((one) =>
              Array.from(one.candidates(Int32Array.of(band)), (other) => [other.key, other.minima[0]]),
            );
            assert.deepEqual(found[0], found[1]);
          }
          const [kept, wanted] = [index.get(key), plain.get(key)];
          assert.deepEqual(kept && [...kept.bands], wanted && [...wanted.bands]);
          assert.deepEqual(kept?.minima, wanted?.minima);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('grows as it is filled, and looks at so many of one band', () => {
    const index = signatureIndex(5000);
    const signature = (i: number) => ({ bands: Int32Array.of(i, -1), minima: Buffer.alloc(MINIMA, i % 251) });
    for (let i = 0; i < 5000; i++) index.add(`${i}`, signature(i));
    for (const i of [0, 1023, 1024, 4999]) {
      assert.deepEqual(
        Array.from(index.candidates(Int32Array.of(i)), ({ key, minima }) => [key, minima[MINIMA - 1]]),
        [[`${i}`, i % 251]],
      );
    }
    assert.equal([...index.candidates(Int32Array.of(-1))].length, MOST_OF_A_BAND);
  });
});
