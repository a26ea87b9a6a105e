import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scoreCodec } from '../schemas/codec.ts';
import type { Score } from '../schemas/types.ts';
import { quantileSketch } from '../stages/math/quantile.ts';
import { random } from '../stages/math/random.ts';
import {
  type Change,
  type SavedSelection,
  type Selected,
  type SelectOptions,
  STATE,
  select,
} from '../stages/select.ts';
import { stageContract } from './kit/stage.ts';
import { scoreOf } from './kit/store.ts';

const { signal } = new AbortController();

const WIDTH = 16;
const DELTAS = ['d1', 'd2'].map((id) => ({ id, norm: 1 }));
const OPTIONS: SelectOptions = { deltas: DELTAS, keep: 5, pool: { size: 12, width: WIDTH }, others: 4 };

/** Scores of n documents against both deltas, the documents under keys in random order. */
function stream(seed: number, n: number): readonly Score[] {
  const words = random(seed).words(0, 0, n * (WIDTH + 1));
  return Array.from({ length: n }, (_, i) => {
    const numbers = Array.from(words.subarray(i * (WIDTH + 1), (i + 1) * (WIDTH + 1)), (word) => word / 2 ** 31 - 1);
    const sketch = Float32Array.from(numbers.slice(1));
    const key = words[i * (WIDTH + 1)]!.toString(16).padStart(8, '0');
    const gradientNorm = Math.hypot(...sketch);
    return DELTAS.map(({ id }, d) => {
      const alignment = sketch[d]!;
      return scoreOf(key, 0, { delta: id, ranking: alignment / gradientNorm, alignment, gradientNorm, sketch });
    });
  }).flat();
}

/** A store in memory: what the changes so far have left. */
function memory() {
  const rows = new Map<string, Change>();
  const scores = (delta: string, list: string) =>
    [...rows.values()]
      .filter((change) => change.delta === delta && change.list === list)
      .map(({ gain, value }) => ({ ...scoreCodec.decode(value!), gain }));
  const saved: SavedSelection = {
    best: (delta) => scores(delta, 'top'),
    other: scores,
    pool: (delta) => scores(delta, 'pool').reverse(),
    state: (delta, name) => rows.get(`${delta}/state/${name}`)?.value ?? undefined,
  };
  return {
    saved,
    scores,
    apply(change: Change): void {
      const place = `${change.delta}/${change.list}/${change.key}`;
      if (change.value === null) assert.ok(rows.delete(place), `${place} is not there to be evicted`);
      else rows.set(place, change);
    },
    contents: () => [...rows].sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

async function run(scores: readonly Score[], size: number, restarts: boolean, options = OPTIONS) {
  const store = memory();
  let stage = select(options, store.saved);
  for (let from = 0; from < scores.length; from += size) {
    if (restarts) stage = select(options, store.saved);
    const outcomes = await stage.process(scores.slice(from, from + size), signal);
    for (const { changes } of (outcomes as readonly Selected[][]).flat())
      for (const change of changes) store.apply(change);
  }
  return store;
}

describe('select', () => {
  const ignoringState = (selected: Selected): Selected => ({
    ...selected,
    changes: selected.changes.filter(({ list }) => list !== 'state'),
  });
  stageContract(() => select(OPTIONS, memory().saved), stream(1, 20), {
    // running values go out with the last score of a batch, wherever that falls
    equal: (actual, expected, message) =>
      assert.deepEqual(
        (actual as readonly Selected[]).map(ignoringState),
        (expected as readonly Selected[]).map(ignoringState),
        message,
      ),
  });

  test('a restart before any batch, however the stream is cut, leaves the same store to the last bit', async () => {
    const scores = stream(2, 60);
    const whole = (await run(scores, scores.length, false)).contents();
    for (const size of [1, 6, 7, 64]) {
      assert.deepEqual((await run(scores, size, true)).contents(), whole, `batches of ${size}`);
    }
  });

  test('the top is the best of all, the distribution that of all, for each delta', async () => {
    const scores = stream(3, 50);
    const store = await run(scores, 8, true);
    for (const { id } of DELTAS) {
      const own = scores.filter(({ delta }) => delta === id).sort((a, b) => b.ranking - a.ranking);
      const kept = store.scores(id, 'top').sort((a, b) => b.ranking - a.ranking);
      assert.deepEqual(
        kept.map(({ key }) => key),
        own.slice(0, OPTIONS.keep).map(({ key }) => key),
      );
      const whole = quantileSketch();
      for (const { ranking } of own) whole.add(ranking);
      assert.deepEqual(store.saved.state(id, STATE.quantiles), Buffer.from(whole.bytes()));
    }
  });

  test('the top holds no sketches, the pool does', async () => {
    const store = await run(stream(4, 10), 10, false);
    assert.ok(store.scores('d1', 'top').every(({ sketch }) => sketch.length === 0));
    assert.ok(store.scores('d1', 'pool').every(({ sketch }) => sketch.length === WIDTH));
  });

  test('without a pool it keeps none, and needs no sketches', async () => {
    const scores = stream(5, 20).map((score) => ({ ...score, sketch: new Float32Array() }));
    const store = await run(scores, 4, true, { ...OPTIONS, pool: undefined });
    assert.deepEqual(store.scores('d1', 'pool'), []);
    assert.equal(store.scores('d1', 'top').length, OPTIONS.keep);
  });

  test('the other orders hold what other strategies pick, whatever the order of the stream', async () => {
    const scores = stream(6, 40).map((score, i) => ({ ...score, cosine: score.ranking, lossTunedHead: (i * 7) % 41 }));
    const extreme = (order: (score: Score) => number) =>
      scores
        .filter(({ delta }) => delta === 'd1')
        .sort((a, b) => order(a) - order(b))
        .slice(0, OPTIONS.others)
        .map(({ key }) => key)
        .sort();
    for (const given of [scores, scores.toReversed()]) {
      const store = await run(given, 8, true);
      const kept = (list: string) =>
        store
          .scores('d1', list)
          .map(({ key }) => key)
          .sort();
      assert.deepEqual(
        kept('bottom'),
        extreme(({ cosine }) => cosine),
      );
      assert.deepEqual(
        kept('likely'),
        extreme(({ lossTunedHead }) => lossTunedHead),
      );
      assert.deepEqual(
        kept('unlikely'),
        extreme(({ lossTunedHead }) => -lossTunedHead),
      );
      assert.deepEqual(
        kept('sample'),
        extreme(({ key }) => Number.parseInt(key, 16)),
      );
    }
    const none = await run(scores, 8, true, { ...OPTIONS, others: 0 });
    assert.deepEqual(none.scores('d1', 'sample'), []);
  });

  test('a score of a delta that is not registered is our fault, and thrown', () => {
    assert.throws(
      () => select(OPTIONS, memory().saved).process([scoreOf('k', 1, { delta: 'other' })], signal),
      /none of d1/,
    );
  });
});
