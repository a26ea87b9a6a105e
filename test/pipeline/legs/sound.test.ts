import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { soundGradients, soundScore, soundTokens } from '../../../pipeline/legs/sound.ts';
import { NO_PROVENANCE } from '../../../schemas/provenance.ts';
import type { Gradients, Tokens } from '../../../schemas/types.ts';
import { scoreOf } from '../../kit/store.ts';

const TEXT = { key: 'k', id: 'i', url: null, text: 't', ...NO_PROVENANCE };
const TOKENS: Tokens = {
  ...TEXT,
  ids: Int32Array.of(0, 5, 6, 0, 7),
  lengths: Int32Array.of(3, 2),
  firsts: Int32Array.of(1, 1),
};
const GRADIENTS: Gradients = {
  ...TEXT,
  ids: TOKENS.ids,
  lengths: TOKENS.lengths,
  tokens: Int32Array.of(2, 1),
  measurement: 'm',
  deltas: 'd',
  loss: Float64Array.of(1, 2),
  gradientNorm: Float64Array.of(1, 2),
  alignment: Float64Array.of(0.1, 0.2),
  lossTunedHead: Float64Array.of(Number.NaN, Number.NaN),
  tokenAlignment: new Float32Array(3),
  sketch: new Float32Array(8),
  lossTuned: new Float64Array(),
  labels: new Int32Array(),
};
const SCORE = { ...scoreOf('k', 0.5), gradientNorm: 1, sketch: new Float32Array(4) };

describe('a message', () => {
  test('that is sound passes as it is', () => {
    assert.equal(soundTokens(TOKENS, 3), TOKENS);
    assert.equal(soundGradients(GRADIENTS), GRADIENTS);
    assert.equal(soundScore(SCORE, 4), SCORE);
    assert.equal(soundScore(SCORE, 0), SCORE);
  });

  test('whose windows do not fit its ids, or the model, is told what was expected', () => {
    const broken: readonly Partial<Tokens>[] = [
      { lengths: new Int32Array(), firsts: new Int32Array(), ids: new Int32Array() },
      { lengths: Int32Array.of(3, 3) },
      { lengths: Int32Array.of(-1, 6) },
      { lengths: Int32Array.of(2 ** 30, 2) },
      { firsts: Int32Array.of(1) },
      { firsts: Int32Array.of(0, 1) },
      { firsts: Int32Array.of(3, 1) },
    ];
    for (const change of broken) assert.throws(() => soundTokens({ ...TOKENS, ...change }, 3), /expected .*, got/);
    assert.throws(() => soundTokens(TOKENS, 2), /2 to 2 tokens in window 0, got 3/);
  });

  test('whose measurements are not those of its windows is refused', () => {
    const shorter = Object.entries(GRADIENTS).flatMap(([name, value]) =>
      ArrayBuffer.isView(value) && (value as Float64Array).length > 0 && name !== 'sketch'
        ? [{ [name]: (value as Float64Array).subarray(1) }]
        : [],
    );
    assert.equal(shorter.length, 8);
    for (const change of [
      ...shorter,
      { sketch: new Float32Array(7) },
      { deltas: 'd,e' },
      { tokens: Int32Array.of(3, 0) },
    ]) {
      assert.throws(() => soundGradients({ ...GRADIENTS, ...change }), /expected .*, got/, Object.keys(change)[0]);
    }
  });

  test('with a score that is no number, or a sketch of another width, is refused', () => {
    for (const change of [
      { ranking: Number.NaN },
      { alignment: Number.POSITIVE_INFINITY },
      { gradientNorm: 0 },
      { gradientNorm: Number.NaN },
      { sketch: new Float32Array(3) },
    ]) {
      assert.throws(() => soundScore({ ...SCORE, ...change }, 4), /expected .*, got/);
    }
  });
});
