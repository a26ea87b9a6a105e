import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { consistencyOf } from '../schemas/consistency.ts';
import { MEASURE_NAMES, MEASURES, needsTunedModel } from '../stages/measure.ts';

const window = { cosine: 0.25, alignment: 3, consistency: 0.5, loss: 4, lossTunedHead: 3, lossTuned: 2 };

describe('measures', () => {
  test('are what their names say', () => {
    assert.deepEqual(
      MEASURE_NAMES.map((name) => [name, MEASURES[name](window)]),
      [
        ['cosine', 0.25],
        ['alignment', 3],
        ['consistency', 0.5],
        ['head-likelihood-ratio', 1],
        ['relative-head-likelihood-ratio', 0.25],
        ['head-likelihood', -3],
        ['likelihood-ratio', 2],
        ['relative-likelihood-ratio', 0.5],
        ['likelihood', -2],
        ['combined', 0.5],
      ],
    );
  });

  test('those that ask for the tuned model have no value without it, and others do not look at it', () => {
    for (const name of MEASURE_NAMES) {
      const value = MEASURES[name]({ ...window, lossTuned: null });
      assert.equal(Number.isNaN(value), needsTunedModel(name), name);
    }
    assert.deepEqual(MEASURE_NAMES.filter(needsTunedModel), [
      'likelihood-ratio',
      'relative-likelihood-ratio',
      'likelihood',
      'combined',
    ]);
  });

  test('combined is the share of the loss that either swap saves, whichever saves more', () => {
    assert.equal(MEASURES.combined({ ...window, lossTuned: 9 }), 0.25);
  });

  test('a text that costs nothing has no share of its loss to lose', () => {
    const nothing = { ...window, loss: 0, lossTunedHead: 0, lossTuned: 0 };
    assert.equal(MEASURES['relative-head-likelihood-ratio'](nothing), 0);
  });

  test('a consistency is 1 less what four neutral tokens take where all tokens pull one way, and 0 where they cancel', () => {
    assert.equal(consistencyOf([1, 5, 0.5, 3, 2, 0.25]), 6 / 10);
    assert.equal(consistencyOf([-1, -5, -0.5, -3]), -4 / 8);
    assert.equal(consistencyOf([2, -1, -1, 0]), 0);
    assert.equal(consistencyOf([0, 0]), 0);
    assert.equal(consistencyOf([]), 0);
  });

  test('a consistency knows nothing of the length of the gradient, and does not leave (-1, 1) for any tokens', () => {
    const finite = fc.double({ noNaN: true, min: -1e6, max: 1e6 });
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1 }), (tokens) => {
        const value = consistencyOf(tokens);
        assert.ok(Math.abs(value) < 1);
        assert.ok(Math.abs(consistencyOf(tokens.map((part) => part * 8)) - value) < 1e-12);
      }),
    );
  });
});
