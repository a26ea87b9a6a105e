import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { excessAt, fitTail, tailQuantile } from '../../stages/math/pareto.ts';
import { random } from '../../stages/math/random.ts';

/** [n] uniform in (0, 1) */
function uniform(n: number, seed: number): Float64Array {
  return Float64Array.from(random(seed).words(0, 0, n), (word) => (word + 0.5) / 2 ** 32);
}

/** [m] draws of a generalized Pareto distribution, ascending, by inversion. */
function draws(m: number, shape: number, scale: number, seed: number): Float64Array {
  return uniform(m, seed)
    .map((u) => excessAt({ shape, scale }, u))
    .sort();
}

describe('the tail fit', () => {
  for (const shape of [-0.3, 0, 0.2]) {
    test(`finds the shape and scale that excesses were drawn with (ξ = ${shape})`, () => {
      const fit = fitTail(draws(20_000, shape, 2, 1));
      assert.ok(Math.abs(fit.shape - shape) < 0.03, `${fit.shape}`);
      assert.ok(Math.abs(fit.scale - 2) < 0.08, `${fit.scale}`);
    });
  }

  test('of an exponential is exact in its moments: ξ = 2 - a₀/(a₀ - 2a₁) of counts is that of the values repeated', () => {
    const values = Float64Array.of(1, 2, 4);
    const repeated = fitTail(Float64Array.of(1, 1, 2, 4, 4, 4));
    const counted = fitTail(values, Uint32Array.of(2, 1, 3));
    assert.ok(Math.abs(repeated.shape - counted.shape) < 1e-12);
    assert.ok(Math.abs(repeated.scale - counted.scale) < 1e-12);
  });

  test('of equal values ends where they are', () => {
    const { value, low, high } = tailQuantile(new Float64Array(100).fill(0.5), 1000, 1e-6, 0);
    assert.deepEqual([value, low, high], [0.5, 0.5, 0.5]);
  });

  test('inverts: the excess at a share is passed by that share', () => {
    for (const shape of [-0.2, 0, 0.3]) {
      const y = excessAt({ shape, scale: 1.5 }, 0.01);
      const passing = shape === 0 ? Math.exp(-y / 1.5) : (1 + (shape * y) / 1.5) ** (-1 / shape);
      assert.ok(Math.abs(passing - 0.01) < 1e-12);
    }
  });

  test('puts the value that one in 10,000 pass, seen from 10,000, within its interval in most of 20 streams', () => {
    let held = 0;
    for (let seed = 0; seed < 20; seed++) {
      const n = 10_000;
      const values = uniform(n, seed + 100).map((u) => -Math.log(u)); // exponential
      const largest = values.sort().reverse().slice(0, 1000);
      const { value, low, high } = tailQuantile(largest, n, 1e-4, 0);
      assert.ok(low <= value && value <= high);
      if (low <= -Math.log(1e-4) && -Math.log(1e-4) <= high) held++;
    }
    assert.ok(held >= 15, `${held} of 20`);
  });
});
