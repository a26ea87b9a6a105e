import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { quantileSketch } from '../../stages/math/quantile.ts';

const numbers = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 60 });

function sketchOf(values: readonly number[]) {
  const sketch = quantileSketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

describe('quantile sketch', () => {
  test('a quantile is within 1 % of the exact one, on either side of 0', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        fc.pre(values.length > 0);
        const exact = values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))]!;
        const error = Math.abs(sketchOf(values).quantile(q) - exact);
        assert.ok(error <= 0.0100001 * Math.abs(exact) + 1e-9, `${exact} by ${error}`);
      }),
    );
  });

  test('merging is exact: any split in any order gives the bytes of the whole', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const merged = sketchOf(b);
        merged.merge(sketchOf(a));
        assert.deepEqual(merged.bytes(), sketchOf([...a, ...b]).bytes());
        assert.equal(merged.count, a.length + b.length);
      }),
    );
  });

  test('one that was saved goes on as if it had not been', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const restored = quantileSketch(sketchOf(a).bytes());
        for (const value of b) restored.add(value);
        assert.deepEqual(restored.bytes(), sketchOf([...a, ...b]).bytes());
      }),
    );
  });

  test('an empty one has no quantiles', () => {
    assert.ok(Number.isNaN(quantileSketch().quantile(0.5)));
    assert.ok(Number.isNaN(quantileSketch(quantileSketch().bytes()).quantile(0.5)));
  });

  test('takes no number that is not finite, and no share outside [0, 1]', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => quantileSketch().add(value), RangeError);
    for (const q of [-0.1, 1.1, Number.NaN]) assert.throws(() => sketchOf([1]).quantile(q), RangeError);
  });

  test('a million numbers of every size in [-1, 1] take no more than 40 kB', () => {
    const sketch = quantileSketch();
    for (let i = 0; i < 1_000_000; i++) sketch.add((i % 2 === 0 ? 1 : -1) * 10 ** -((i % 9973) / 1000));
    assert.ok(sketch.bytes().length < 40_000, `${sketch.bytes().length} bytes`);
  });
});
