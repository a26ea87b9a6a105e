import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ranking } from '../../stages/math/top.ts';

type Offer = readonly [key: string, score: number];

/** The members that are left when every admission and eviction is applied. */
function membersOf(k: number, offers: readonly Offer[], saved: readonly Offer[] = []): Map<string, number> {
  const members = new Map(saved);
  const top = ranking(
    k,
    saved.map(([key, score]) => ({ key, score })),
  );
  for (const [key, score] of offers) {
    const change = top.offer(key, score);
    if (change === undefined) continue;
    members.set(key, score);
    if (change.evicted !== undefined) members.delete(change.evicted);
  }
  return members;
}

const offers = fc
  .uniqueArray(fc.tuple(fc.string({ maxLength: 2, unit: 'grapheme' }), fc.integer({ min: 0, max: 3 })), {
    selector: ([key]) => key,
  })
  .map((pairs) => pairs.map(([key, score]): Offer => [key.toWellFormed(), score]));

describe('ranking', () => {
  test('keeps the k best, equal scores by the bytes of their keys, whatever the order and repetition', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), offers, (k, given) => {
        const best = given.toSorted(([a, x], [b, y]) => y - x || Buffer.compare(Buffer.from(a), Buffer.from(b)));
        const expected = new Map(best.slice(0, k));
        for (const order of [given, given.toReversed(), [...given, ...given]]) {
          assert.deepEqual(membersOf(k, order), expected);
        }
      }),
    );
  });

  test('goes on from a saved ranking, in whatever order it is given', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), offers, fc.nat(20), (k, given, cut) => {
        const before = [...membersOf(k, given.slice(0, cut))];
        for (const saved of [before, before.toReversed()]) {
          assert.deepEqual(membersOf(k, given.slice(cut), saved), membersOf(k, given));
        }
      }),
    );
  });
});
