/** Which measure several pairs would choose for one more. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KnownPool } from '../../pipeline/study/known-pool.ts';
import { rankingStudy } from '../../pipeline/study/ranking.ts';
import { scoreOf } from '../kit/store.ts';

/** Ten documents, three true, that each measure orders as it is told: the true ones first but for so many swaps with others. */
function poolWith(swaps: { readonly cosine: number; readonly head: number; readonly tuned?: number }): KnownPool {
  const N = 10;
  const isTrue = (i: number) => i < 3;
  /** 1 down to 0.1; a swap takes the last true one a place down. */
  const values = (n: number) =>
    Array.from({ length: N }, (_, i) => 1 - (i === 2 ? i + n + 0.5 : i) / N + (isTrue(i) ? 0.01 : 0));
  const [cosines, heads, tuned] = [values(swaps.cosine), values(swaps.head), values(swaps.tuned ?? 0)];
  const documents = Array.from({ length: N }, (_, i) =>
    scoreOf(`k${i}`, 0, {
      id: `${i}`,
      cosine: cosines[i]!,
      alignment: cosines[i]!,
      tokenAlignment: Float32Array.of(cosines[i]!),
      loss: 5,
      lossTunedHead: 5 - heads[i]!,
      lossTuned: swaps.tuned === undefined ? null : 5 - tuned[i]!,
    }),
  );
  return { documents, isTrue: ({ id }: { readonly id: string }) => isTrue(Number(id)) } as unknown as KnownPool;
}

describe('study ranking', () => {
  test('the measure chosen for a pair is the one that is best, at worst, on the others', () => {
    const { rows, columns, notes } = rankingStudy([
      { name: 'a', pool: poolWith({ cosine: 2, head: 0, tuned: 0 }) },
      { name: 'b', pool: poolWith({ cosine: 2, head: 0, tuned: 0 }) },
      { name: 'c', pool: poolWith({ cosine: 0, head: 3, tuned: 4 }) },
    ]);
    const named = new Map(rows.map(([name, ...cells]) => [name, cells]));
    assert.equal(columns.length, 5);
    // two of the 21 pairs of a true and another document the wrong way round
    assert.deepEqual(named.get('cosine')!.slice(0, 3), [1 - 2 / 21, 1 - 2 / 21, 1]);
    const bound = 1 - 0.005;
    assert.ok(Math.abs((named.get('cosine')![3] as number) - (1 - 2 / 21 - bound)) < 1e-12);
    assert.match(notes[0]!, /^without a, of those that one pass of the base gives: cosine, which has 0\.9048 there/);
    assert.match(notes[2]!, /^without c, of those that one pass .*: head-likelihood-ratio, which has 0\.8571 there/);
    assert.match(notes[5]!, /^without c, of all: /);
  });

  test('what only some pairs measured is no choice', () => {
    const { rows, notes } = rankingStudy([
      { name: 'a', pool: poolWith({ cosine: 1, head: 0, tuned: 0 }) },
      { name: 'b', pool: poolWith({ cosine: 1, head: 0 }) },
      { name: 'c', pool: poolWith({ cosine: 1, head: 0 }) },
    ]);
    assert.ok(rows.every(([name]) => name !== 'likelihood'));
    assert.equal(notes.length, 4, 'one a pair, and what a bound is');
  });
});
