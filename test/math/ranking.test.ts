import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { auroc, precisionAt } from '../../stages/math/ranking.ts';

/** Few different scores, so that ties are common. */
const ranked = fc
  .array(fc.tuple(fc.integer({ min: -4, max: 4 }), fc.boolean()), { minLength: 2, maxLength: 40 })
  .map((pairs) => ({ scores: pairs.map(([score]) => score), member: pairs.map(([, member]) => member) }))
  .filter(({ member }) => member.includes(true) && member.includes(false));

/** Counts every pair of a member and a non-member. */
function aurocTwin(scores: readonly number[], member: readonly boolean[]): number {
  let won = 0;
  let pairs = 0;
  for (const [i, a] of scores.entries()) {
    for (const [j, b] of scores.entries()) {
      if (!member[i] || member[j]) continue;
      pairs++;
      won += a > b ? 1 : a === b ? 0.5 : 0;
    }
  }
  return won / pairs;
}

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12, `${actual}, expected ${expected}`);
}

describe('auroc', () => {
  test('is the share of pairs in which the member scores higher, a tie counting half', () => {
    fc.assert(
      fc.property(ranked, ({ scores, member }) => assertClose(auroc(scores, member), aurocTwin(scores, member))),
    );
  });

  test('turns to 1 − auroc when all signs turn, and does not see a monotone map', () => {
    fc.assert(
      fc.property(ranked, ({ scores, member }) => {
        const value = auroc(scores, member);
        assertClose(
          auroc(
            scores.map((score) => -score),
            member,
          ),
          1 - value,
        );
        assertClose(
          auroc(
            scores.map((score) => Math.exp(score) + 7),
            member,
          ),
          value,
        );
      }),
    );
  });

  test('is 1 for a perfect order, 0 for its reverse, NaN where there is nothing to compare', () => {
    assert.equal(auroc([3, 2, 1], [true, true, false]), 1);
    assert.equal(auroc([3, 2, 1], [false, false, true]), 0);
    assert.equal(auroc([3, 2, 1], [true, true, true]), Number.NaN);
    assert.equal(auroc([], []), Number.NaN);
  });
});

describe('precisionAt', () => {
  test('is the share of members in the head of any sorted order, where there are no ties', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 40 }), fc.nat(), (scores, at) => {
        const k = 1 + (at % scores.length);
        const member = scores.map((score) => score % 3 === 0);
        const head = scores.toSorted((a, b) => b - a).slice(0, k);
        assertClose(precisionAt(k, scores, member), head.filter((score) => score % 3 === 0).length / k);
      }),
    );
  });

  test('of all documents is the share of members, and does not depend on their order', () => {
    fc.assert(
      fc.property(ranked, fc.nat(), ({ scores, member }, at) => {
        const n = scores.length;
        assertClose(precisionAt(n, scores, member), member.filter(Boolean).length / n);
        const k = 1 + (at % n);
        assertClose(precisionAt(k, scores.toReversed(), member.toReversed()), precisionAt(k, scores, member));
      }),
    );
  });

  test('gives documents tied across the cut their expected share', () => {
    assert.equal(precisionAt(1, [5, 5], [true, false]), 0.5);
    assert.equal(precisionAt(3, [9, 5, 5, 5, 5], [true, true, false, false, false]), 0.5);
  });
});

test('scores without a rank or without a partner are refused', () => {
  assert.throws(() => auroc([1, Number.NaN], [true, false]), /NaN/);
  assert.throws(() => precisionAt(1, [1, 2], [true]), RangeError);
  assert.throws(() => precisionAt(0, [1], [true]), RangeError);
  assert.throws(() => precisionAt(3, [1, 2], [true, false]), RangeError);
});
