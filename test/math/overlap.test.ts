import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { vocabularyOverlap } from '../../stages/math/overlap.ts';

describe('vocabulary overlap', () => {
  test('is the share of all tokens that both sides hold, however often', () => {
    assert.equal(vocabularyOverlap([[1, 1, 2], [3]], [[2, 3, 4, 4]]), 0.5);
    assert.equal(vocabularyOverlap([[1]], [[1, 1], [1]]), 1);
    assert.equal(vocabularyOverlap([[1]], [[2]]), 0);
    assert.equal(vocabularyOverlap([], []), Number.NaN);
  });
});
