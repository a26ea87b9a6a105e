import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ranking } from '../../stages/math/ranking.ts';

/** Few different scores, so that ties are common. */
const ranked = fc
  .array(fc.tuple(fc.integer({ min: -4, max: 4 }), fc.boolean(), fc.integer({ min: 0, max: 3 })), {
    minLength: 2,
    maxLength: 40,
  })
  .map((rows) => ({
    scores: rows.map(([score]) => score),
    member: rows.map(([, member]) => member),
    counts: rows.map(([, , count]) => count),
  }))
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
  assert.ok(Object.is(actual, expected) || Math.abs(actual - expected) <= 1e-12, `${actual}, expected ${expected}`);
}

/** Each document as often as it is drawn. */
function drawn<T>(values: readonly T[], counts: readonly number[]): readonly T[] {
  return values.flatMap((value, i) => Array<T>(counts[i]!).fill(value));
}

describe('auroc', () => {
  test('is the share of pairs in which the member scores higher, a tie counting half', () => {
    fc.assert(
      fc.property(ranked, ({ scores, member }) =>
        assertClose(ranking(scores, member).auroc(), aurocTwin(scores, member)),
      ),
    );
  });

  test('turns to 1 − auroc when all signs turn, and does not see a monotone map', () => {
    fc.assert(
      fc.property(ranked, ({ scores, member }) => {
        const value = ranking(scores, member).auroc();
        const negative = scores.map((score) => -score);
        const mapped = scores.map((score) => Math.exp(score) + 7);
        assertClose(ranking(negative, member).auroc(), 1 - value);
        assertClose(ranking(mapped, member).auroc(), value);
      }),
    );
  });

  test('is 1 for a perfect order, 0 for its reverse, NaN where there is nothing to compare', () => {
    assert.equal(ranking([3, 2, 1], [true, true, false]).auroc(), 1);
    assert.equal(ranking([3, 2, 1], [false, false, true]).auroc(), 0);
    assert.equal(ranking([3, 2, 1], [true, true, true]).auroc(), Number.NaN);
    assert.equal(ranking([], []).auroc(), Number.NaN);
  });
});

describe('truePositiveRateAt', () => {
  test('is the area under the curve when it is averaged over all rates', () => {
    fc.assert(
      fc.property(ranked, ({ scores, member }) => {
        const made = ranking(scores, member);
        const others = member.filter((is) => !is).length;
        // the curve is linear between multiples of 1/others, so the trapezoid rule is exact
        const at = Array.from({ length: others + 1 }, (_, i) => made.truePositiveRateAt(i / others));
        let area = 0;
        for (let i = 0; i < others; i++) {
          const [from, to] = [at[i]!, made.truePositiveRateAt((i + 1) / others - 1e-12)];
          area += (from + to) / 2 / others;
        }
        assert.ok(Math.abs(area - made.auroc()) < 1e-9, `${area} against ${made.auroc()}`);
      }),
    );
  });

  test('counts the members above the highest non-member at rate 0, and all at rate 1', () => {
    const made = ranking([9, 8, 7, 6], [true, true, false, true]);
    assertClose(made.truePositiveRateAt(0), 2 / 3);
    assertClose(made.truePositiveRateAt(1), 1);
  });
});

describe('precision, recall and lift', () => {
  test('are those of the head of any sorted order, where there are no ties', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 40 }), fc.nat(), (scores, at) => {
        const k = 1 + (at % scores.length);
        const member = scores.map((score) => score % 3 === 0);
        const all = member.filter(Boolean).length;
        const found = scores
          .toSorted((a, b) => b - a)
          .slice(0, k)
          .filter((score) => score % 3 === 0).length;
        const made = ranking(scores, member);
        assertClose(made.precisionAt(k), found / k);
        assertClose(made.recallAt(k), found / all);
        if (all > 0) assertClose(made.liftAt(k), found / k / (all / scores.length));
      }),
    );
  });

  test('do not depend on the order of the documents, and of all of them are 1 in recall and lift', () => {
    fc.assert(
      fc.property(ranked, fc.nat(), ({ scores, member }, at) => {
        const n = scores.length;
        const made = ranking(scores, member);
        assertClose(made.precisionAt(n), member.filter(Boolean).length / n);
        assertClose(made.recallAt(n), 1);
        assertClose(made.liftAt(n), 1);
        const k = 1 + (at % n);
        assertClose(ranking(scores.toReversed(), member.toReversed()).precisionAt(k), made.precisionAt(k));
      }),
    );
  });

  test('give documents tied across the cut their expected share', () => {
    assert.equal(ranking([5, 5], [true, false]).precisionAt(1), 0.5);
    assert.equal(ranking([9, 5, 5, 5, 5], [true, true, false, false, false]).precisionAt(3), 0.5);
  });
});

test('counts mean the same as documents that are there as often', () => {
  fc.assert(
    fc.property(ranked, ({ scores, member, counts }) => {
      const weighted = ranking(scores, member);
      const repeated = ranking(drawn(scores, counts), drawn(member, counts));
      const n = counts.reduce((sum, count) => sum + count, 0);
      assertClose(weighted.auroc(counts), repeated.auroc());
      for (const k of n > 0 ? [1, n] : []) {
        assertClose(weighted.precisionAt(k, counts), repeated.precisionAt(k));
        assertClose(weighted.recallAt(k, counts), repeated.recallAt(k));
      }
      assertClose(weighted.truePositiveRateAt(0.3, counts), repeated.truePositiveRateAt(0.3));
    }),
  );
});

test('scores without a rank or without a partner are refused', () => {
  assert.throws(() => ranking([1, Number.NaN], [true, false]), /NaN/);
  assert.throws(() => ranking([1, 2], [true]), RangeError);
  assert.throws(() => ranking([1], [true]).precisionAt(0), RangeError);
  assert.throws(() => ranking([1, 2], [true, false]).precisionAt(3), RangeError);
});
