import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Reject } from '../pipeline/contract.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import type { Gradients, Score } from '../schemas/types.ts';
import { score } from '../stages/score.ts';
import { stageContract } from './kit/stage.ts';

const deltas = [
  { id: 'first', norm: 2 },
  { id: 'second', norm: 4 },
];

/** Two windows of 3 and 2 tokens, of which 2 and 1 are scored; two deltas; sketches of 2 numbers. */
const document: Gradients = {
  key: 'k',
  id: 'd',
  url: null,
  text: 'a text',
  ids: Int32Array.of(1, 2, 3, 4, 5),
  lengths: Int32Array.of(3, 2),
  tokens: Int32Array.of(2, 1),
  measurement: 'm',
  deltas: 'first,second',
  loss: Float64Array.of(5, 6),
  gradientNorm: Float64Array.of(1, 0.5),
  alignment: Float64Array.of(0.4, -0.8, 0.3, 1.2),
  lossTunedHead: Float64Array.of(4.5, 4.6, 5.5, 5.6),
  tokenAlignment: Float32Array.of(0.25, -0.5, 0.125, -0.25, 0.5, 1),
  sketch: Float32Array.of(1, 2, 3, 4),
  ...NO_PROVENANCE,
  lossTuned: new Float64Array(),
  labels: new Int32Array(),
};

function scoresOf(gradients: Gradients): readonly Score[] {
  return outcomeOf(gradients) as readonly Score[];
}

function outcomeOf(gradients: Gradients) {
  const [outcome] = score(deltas).process([gradients], AbortSignal.timeout(1000)) as readonly unknown[];
  return outcome;
}

describe('score', () => {
  stageContract(() => score(deltas), [document, { ...document, gradientNorm: Float64Array.of(1, 0) }, document]);

  test('is the cosine of the best window, for each delta by itself', () => {
    const [first, second] = scoresOf(document);
    assert.equal(first!.ranking, 0.3 / (0.5 * 2));
    assert.equal(first!.window, 1);
    assert.equal(second!.ranking, 1.2 / (0.5 * 4));
    assert.deepEqual(
      [second!.alignment, second!.gradientNorm, second!.loss, second!.lossTunedHead, second!.tokens, second!.windows],
      [1.2, 0.5, 6, 5.6, 1, 2],
    );
  });

  test('ranks by another measure: windows and documents alike', () => {
    const [outcome] = score(deltas, { rankBy: 'likelihood-ratio' }).process(
      [{ ...document, lossTuned: Float64Array.of(1, 5) }],
      AbortSignal.timeout(1000),
    ) as readonly (readonly Score[])[];
    const [first] = outcome!;
    assert.deepEqual([first!.window, first!.ranking, first!.lossTuned], [0, 4, 1]);
    assert.equal(first!.cosine, 0.4 / 2);
  });

  test('a measure that is no number is a reject', () => {
    const [outcome] = score(deltas, { rankBy: 'likelihood' }).process(
      [document],
      AbortSignal.timeout(1000),
    ) as unknown[];
    assert.deepEqual(outcome, new Reject('degenerate-gradient', 'the likelihood of a window is NaN'));
  });

  test('brings the ids, the token alignments and the sketch of the best window', () => {
    const lower = { ...document, alignment: Float64Array.of(0.9, -0.8, 0.3, 1.2) };
    const [first, second] = scoresOf(lower);
    assert.deepEqual([...first!.ids], [1, 2, 3]);
    assert.deepEqual([...first!.tokenAlignment], [0.25, 0.125]);
    assert.deepEqual([...first!.sketch], [1, 2]);
    assert.deepEqual([...second!.ids], [4, 5]);
    assert.deepEqual([...second!.tokenAlignment], [1]);
    assert.deepEqual([...second!.sketch], [3, 4]);
  });

  test('weighs the mean alignment of all windows by their scored tokens', () => {
    const [first] = scoresOf(document);
    assert.equal(first!.meanAlignment, (0.4 * 2 + 0.3 * 1) / 3);
  });

  test('takes the first of windows that score the same', () => {
    const same = { ...document, alignment: Float64Array.of(0.6, 0, 0.3, 0) };
    assert.equal(scoresOf(same)[0]!.window, 0);
  });

  test('rejects a gradient without a direction, and an alignment that is no number', () => {
    for (const broken of [
      { gradientNorm: Float64Array.of(1, 0) },
      { gradientNorm: Float64Array.of(NaN, 1) },
      { gradientNorm: Float64Array.of(1, Infinity) },
      { alignment: Float64Array.of(0.4, NaN, 0.3, 1.2) },
      { alignment: Float64Array.of(0.4, 0, 0.3, -Infinity) },
    ]) {
      const outcome = outcomeOf({ ...document, ...broken });
      assert.ok(outcome instanceof Reject);
      assert.equal(outcome.code, 'degenerate-gradient');
    }
  });

  test('refuses a delta of no length at once, and gradients of other deltas when they come', () => {
    for (const norm of [0, NaN, Infinity]) assert.throws(() => score([{ id: 'd', norm }]), RangeError);
    assert.throws(() => outcomeOf({ ...document, deltas: 'second,first' }), /expected first,second/);
  });
});
