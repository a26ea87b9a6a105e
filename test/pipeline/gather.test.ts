import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { merged } from '../../pipeline/gather.ts';
import { scoreCodec } from '../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import type { Score, Selection } from '../../schemas/types.ts';
import { select } from '../../stages/select.ts';

const DELTA = { id: 'd', norm: 1 };
const KEEP = 5;
const NOTHING = { best: () => [], pool: () => [], other: () => [], state: () => undefined };

function scoreOf(value: number, i: number): Score {
  const text = { key: `k${i}`, id: `i${i}`, url: null, text: '', ...NO_PROVENANCE };
  const numbers = { score: value, alignment: value, gradientNorm: 1, loss: 1, lossTunedHead: 1, meanAlignment: value };
  const none = { cosine: value, lossTuned: null, label: null };
  const arrays = { ids: Int32Array.of(1), tokenAlignment: Float32Array.of(value), sketch: new Float32Array() };
  return {
    ...text,
    ...numbers,
    ...none,
    ...arrays,
    delta: DELTA.id,
    measurement: 'm',
    tokens: 1,
    window: 0,
    windows: 1,
  };
}

/** What one worker's share of the log says in the end. */
async function shareOf(scores: readonly Score[]): Promise<readonly Selection[]> {
  const stage = select({ deltas: [DELTA], keep: KEEP, pool: undefined, others: 0 }, NOTHING);
  const kept = new Map<string, Selection>();
  for (const outcome of await stage.process(scores, AbortSignal.timeout(5000))) {
    assert.ok(Array.isArray(outcome));
    for (const change of outcome.flatMap(({ changes }) => changes)) {
      const key = `${change.list}/${change.key}`;
      if (change.value === null) kept.delete(key);
      else kept.set(key, { ...change, value: change.value });
    }
  }
  return [...kept.values()];
}

function shown(all: Iterable<Selection>) {
  const members = [...all];
  const top = members
    .filter(({ list }) => list === 'top')
    .map(({ key, value }) => [key, scoreCodec.decode(value).score]);
  const state = members.filter(({ list }) => list === 'state').map(({ key, value }) => [key, value.toString('hex')]);
  return { top: top.sort(), quantiles: state.filter(([key]) => key === 'quantiles') };
}

test('shares merge into what one worker would have: the best, and the distribution, however the stream was split', async () => {
  const values = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.nat(3)), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(values, async (all) => {
      const scores = all.map(([value], i) => scoreOf(value / 20, i));
      const shares = await Promise.all(
        [0, 1, 2, 3].map((share) => shareOf(scores.filter((_, i) => all[i]![1] === share))),
      );
      assert.deepEqual(shown(merged(shares.flat(), KEEP)), shown(await shareOf(scores)));
    }),
    { numRuns: 50 },
  );
});
