import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { countSketch } from '../../stages/math/count-sketch.ts';
import { random } from '../../stages/math/random.ts';
import { dot, norm } from '../../stages/math/vector.ts';

const LENGTH = 600;
const vector = (stream: number) => {
  const values = Float32Array.from(random(21).words(stream, 0, LENGTH), (word) => word / 2 ** 31 - 1);
  const length = norm(values);
  return values.map((value) => value / length);
};

describe('count sketch', () => {
  test('keeps products without bias, and with the spread of 1/√k', () => {
    const [a, b] = [vector(0), vector(1)];
    const bits = 6;
    const errors = Array.from({ length: 400 }, (_, seed) => {
      const sketch = countSketch(seed, bits, LENGTH);
      return dot(sketch(a), sketch(b)) - dot(a, b);
    });
    const spread = 1 / Math.sqrt(2 ** bits);
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    assert.ok(Math.abs(mean) < (4 * spread) / Math.sqrt(errors.length), `biased by ${mean}`);
    const measured = Math.hypot(...errors) / Math.sqrt(errors.length);
    assert.ok(Math.abs(measured / spread - 1) < 0.15, `${measured}, expected ${spread}`);
  });

  test('is linear', () => {
    const sketch = countSketch(3, 8, LENGTH);
    const [a, b] = [vector(2), vector(3)];
    const both = sketch(a.map((value, i) => 2 * value + b[i]!));
    const parts = sketch(a).map((value, i) => 2 * value + sketch(b)[i]!);
    assert.ok(both.every((value, i) => Math.abs(value - parts[i]!) < 1e-6));
  });

  test('refuses vectors of another length, and widths it has no words for', () => {
    assert.throws(() => countSketch(0, 8, 10)(new Float32Array(11)), /11 entries, expected 10/);
    assert.throws(() => countSketch(0, 17, 10), /1 to 16 bits/);
  });
});
