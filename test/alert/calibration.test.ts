import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calibration, seeded } from '../../stages/alert/calibration.ts';
import { quantileSketch } from '../../stages/math/quantile.ts';
import { random } from '../../stages/math/random.ts';

const uniform = (n: number, seed: number) =>
  Float64Array.from(random(seed).words(0, 0, n), (word) => (word + 0.5) / 2 ** 32);
/** Scores as they are: most near 0, of both signs, and a tail. */
const scores = (n: number, seed: number) => uniform(n, seed).map((u) => 0.003 * -Math.log(u) - 0.002);

function filled(values: Float64Array) {
  const made = calibration();
  for (const [i, value] of values.entries()) made.add(value, i);
  return made;
}

describe('calibration', () => {
  for (const [rate, n] of [
    [0.01, 10_000],
    [0.05, 40_000],
    [0.001, 100_000],
  ] as const) {
    test(`a share of ${rate} of documents to come passes the threshold of ${n}, within a factor of 1.5`, () => {
      const { value, low, high, extrapolated } = filled(scores(n, 1)).threshold(rate);
      assert.equal(extrapolated, false);
      assert.ok(low <= value && value <= high && low < high);
      const held = scores(n, 2).filter((score) => score > value).length / n;
      assert.ok(held < 1.5 * rate && held > rate / 1.5, `${held}`);
    });
  }

  test('a rate below what was counted is extrapolated, says so, and has an interval', () => {
    const made = filled(scores(10_000, 3));
    const { value, low, high, extrapolated } = made.threshold(1e-4);
    assert.equal(extrapolated, true);
    assert.ok(low < value && value < high);
    const held = scores(400_000, 4).filter((score) => score > value).length / 400_000;
    assert.ok(held < 1e-4 * 3 && held > 1e-4 / 3, `${held}`);
    assert.ok(value > made.threshold(0.05).value);
  });

  test('goes on from its bytes as if it had never stopped', () => {
    const values = scores(3000, 5);
    const whole = filled(values);
    let parts = calibration();
    for (const [i, value] of values.entries()) {
      if (i % 700 === 0) parts = calibration(parts.bytes());
      parts.add(value, i);
    }
    assert.deepEqual(parts.bytes(), whole.bytes());
    assert.deepEqual(parts.threshold(0.05), whole.threshold(0.05));
    assert.equal(parts.perSecond(), whole.perSecond());
  });

  test('knows the speed of the stream after ten minutes, and forgets a burst within hours', () => {
    const made = calibration();
    for (let i = 0; i < 590; i++) made.add(0, i);
    assert.equal(made.perSecond(), undefined);
    for (let i = 590; i < 7200; i++) made.add(0, i);
    assert.ok(Math.abs(made.perSecond()! - 1) < 0.01, `${made.perSecond()}`);
    for (let i = 0; i < 18_000; i += 10) made.add(0, 7200 + i);
    assert.ok(Math.abs(made.perSecond()! - 0.1) < 0.01, `${made.perSecond()}`);
  });

  test('begins with what a store has counted', () => {
    const values = scores(20_000, 6);
    const sketch = quantileSketch();
    for (const value of values) sketch.add(value);
    const best = values.toSorted().reverse().subarray(0, 1000);
    const made = calibration(seeded(sketch.bytes(), [...best]));
    assert.deepEqual(made.threshold(0.01), filled(values).threshold(0.01));
    assert.equal(made.perSecond(), undefined);
    made.add(0.5, 1_700_000_000);
    assert.equal(made.perSecond(), undefined);
    assert.ok(calibration(made.bytes()).count === 20_001);
  });

  test('refuses what is no share', () => {
    const made = filled(scores(200, 1));
    for (const rate of [0, 1, -1, Number.NaN]) assert.throws(() => made.threshold(rate), RangeError);
    assert.throws(() => filled(scores(99, 1)).threshold(0.5), RangeError);
  });
});
