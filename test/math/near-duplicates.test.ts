import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withoutNearDuplicates } from '../../stages/math/near-duplicates.ts';
import { random } from '../../stages/math/random.ts';

const text = (stream: number, n: number) => Int32Array.from(random(2).words(stream, 0, n), (word) => word % 1000);
const changed = (tokens: Int32Array, ...places: readonly number[]) =>
  tokens.map((token, i) => (places.includes(i) ? token + 1000 : token));

describe('near duplicates', () => {
  test('of several documents that share most stretches, the first is kept', () => {
    const one = text(0, 100);
    const documents = [one, text(1, 100), changed(one, 50), one.subarray(0, 90), text(2, 100)];
    assert.deepEqual(withoutNearDuplicates(documents), [0, 1, 4]);
  });

  test('documents that share a passage, or only their words, are all kept', () => {
    const one = text(0, 100);
    const half = Int32Array.from([...one.subarray(0, 50), ...text(1, 50)]);
    assert.deepEqual(withoutNearDuplicates([one, half, one.toReversed()]), [0, 1, 2]);
  });

  test('short documents are duplicates only of their like', () => {
    const documents = [Int32Array.of(1, 2), Int32Array.of(1, 2), Int32Array.of(1, 3), new Int32Array()];
    assert.deepEqual(withoutNearDuplicates(documents), [0, 2, 3]);
  });
});
