import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { random } from '../../stages/math/random.ts';
import { type SketchDefinition, sketch } from '../../stages/math/sketch.ts';
import { sketchTwin } from '../twins/sketch.ts';

/** Whole numbers in -50..50: sums of them are exact in any order. */
const integers = (stream: number, n: number) =>
  Float64Array.from(random(3).words(stream, 0, n), (word) => (word % 101) - 50);

const product = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

function sketchOf(matrix: Float64Array, definition: SketchDefinition): Float32Array {
  const sum = sketch(definition).accumulate();
  sum.add(0, matrix);
  return sum.finish();
}

const small: SketchDefinition = { kind: 'bucket', seed: 1, width: 100, vocabulary: 700, hidden: 6 };

describe('sketch', () => {
  test('is what its definition says, entry by entry, for any vocabulary and width', () => {
    for (const { vocabulary, width } of [
      { vocabulary: 700, width: 100 },
      { vocabulary: 256, width: 512 },
      { vocabulary: 3, width: 7 },
      { vocabulary: 513, width: 4000 },
    ]) {
      const definition = { ...small, vocabulary, width };
      const matrix = integers(0, vocabulary * small.hidden);
      assert.deepEqual([...sketchOf(matrix, definition)], sketchTwin(matrix, definition));
    }
  });

  test('never changes', () => {
    const definition = { ...small, seed: 20260101, width: 256, hidden: 16 };
    const bytes = sketchOf(integers(0, 700 * 16), definition);
    const hash = createHash('sha256').update(new Uint8Array(bytes.buffer)).digest('hex');
    assert.equal(hash, '1642c939457d898eec4ec8a0be81f42e560cc8158b16bcc59023591fb9052d62');
  });

  test('is linear, and takes its rows in any blocks', () => {
    const [a, b] = [integers(1, 700 * 6), integers(2, 700 * 6)];
    const [pa, pb] = [sketchOf(a, small), sketchOf(b, small)];
    const combined = sketchOf(
      a.map((value, i) => 2 * value - 3 * b[i]!),
      small,
    );
    assert.deepEqual(
      combined,
      pa.map((value, i) => 2 * value - 3 * pb[i]!),
    );

    const sum = sketch(small).accumulate();
    for (let row = 693; row >= 0; row -= 7) sum.add(row, a.subarray(row * 6, (row + 7) * 6));
    assert.deepEqual(sum.finish(), pa);
  });

  test('keeps inner products: E⟨PG, PH⟩ = ⟨G, H⟩ over seeds', () => {
    const definition = { ...small, vocabulary: 600, width: 40, hidden: 2 };
    const g = integers(1, 1200);
    const h = integers(2, 1200).map((value, i) => value + g[i]!);
    const { mean, variance, n } = overSeeds(1500, definition, g, h);
    const error = Math.sqrt(variance / n);
    assert.ok(Math.abs(mean - product(g, h)) < 4 * error, `${mean} ± ${error} for ${product(g, h)}`);
  });

  test('has the variance of its buckets where nothing is folded', () => {
    const [V, d] = [600, 2];
    const definition = { ...small, vocabulary: V, width: 256 * d, hidden: d };
    const [g, h] = [integers(1, V * d), integers(2, V * d)];
    const row = (matrix: Float64Array, v: number) => matrix.subarray(v * d, (v + 1) * d);
    let predicted = 0;
    for (let v = 0; v < V; v++) {
      for (let u = v % 256; u < V; u += 256) {
        if (u === v) continue;
        const there = product(row(g, v), row(h, u));
        predicted += there ** 2 + there * product(row(g, u), row(h, v));
      }
    }
    near(overSeeds(1500, definition, g, h).variance, predicted);
  });

  test('has the variance of its folds where no bucket is shared', () => {
    const [V, d, width] = [200, 2, 32];
    const definition = { ...small, vocabulary: V, width, hidden: d };
    const [g, h] = [integers(1, V * d), integers(2, V * d)];
    const chance = ((256 * d) / width - 1) / (256 * d - 1);
    const cells = g.reduce((sum, x, i) => sum + x ** 2 * h[i]! ** 2 * 2, 0);
    near(
      overSeeds(1500, definition, g, h).variance,
      chance * (product(g, g) * product(h, h) + product(g, h) ** 2 - cells),
    );
  });

  test('refuses rows that the matrix does not have, and a width of nothing', () => {
    assert.throws(
      () =>
        sketch(small)
          .accumulate()
          .add(695, integers(0, 6 * 6)),
      /rows 695 to 701 of a matrix \[700,6\]/,
    );
    assert.throws(() => sketch(small).accumulate().add(0, integers(0, 5)), RangeError);
    assert.throws(() => sketch({ ...small, width: 0 }), /width of at least 1, got 0/);
  });
});

function overSeeds(n: number, definition: SketchDefinition, g: Float64Array, h: Float64Array) {
  const values = Array.from({ length: n }, (_, seed) =>
    product(sketchOf(g, { ...definition, seed }), sketchOf(h, { ...definition, seed })),
  );
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return { n, mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) };
}

/** 15 %: four standard deviations of a variance estimated from 1,500 values that are about normal. */
function near(variance: number, predicted: number): void {
  assert.ok(Math.abs(variance / predicted - 1) < 0.15, `${variance} where ${predicted} was predicted`);
}
