/** The set of keys that were handled, at its bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seenSet } from '../../pipeline/kafka/partition-state.ts';

const BOUND = 3;

test('at the bound the oldest key is forgotten, one for each that is new, and only it', () => {
  const seen = seenSet(BOUND);
  for (const key of ['a', 'b', 'c']) seen.add(key);
  assert.deepEqual(['a', 'b', 'c'].map(seen.has), [true, true, true]);
  seen.add('d');
  assert.deepEqual(['a', 'b', 'c', 'd'].map(seen.has), [false, true, true, true]);
});

test('a key that comes again pushes none out, and one that was forgotten is the newest again', () => {
  const seen = seenSet(BOUND);
  for (const key of ['a', 'b', 'c', 'c', 'b', 'a']) seen.add(key);
  assert.deepEqual(['a', 'b', 'c'].map(seen.has), [true, true, true]);
  for (const key of ['d', 'a']) seen.add(key);
  assert.deepEqual(['a', 'b', 'c', 'd'].map(seen.has), [true, false, true, true]);
});

test('a key that was taken out makes room', () => {
  const seen = seenSet(BOUND);
  for (const key of ['a', 'b', 'c']) seen.add(key);
  seen.delete('b');
  seen.add('d');
  assert.deepEqual(['a', 'b', 'c', 'd'].map(seen.has), [true, false, true, true]);
});
