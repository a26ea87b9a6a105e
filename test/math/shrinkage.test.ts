import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { random } from '../../stages/math/random.ts';
import { shrinkageEstimate, shrunkColumns } from '../../stages/math/shrinkage.ts';
import { type SketchDefinition, sketch } from '../../stages/math/sketch.ts';

/** Roughly normal: the sum of 12 uniform draws, less their mean. */
function normals(stream: number, n: number): Float64Array {
  const words = random(17).words(stream, 0, 12 * n);
  return Float64Array.from({ length: n }, (_, i) =>
    words.subarray(12 * i, 12 * i + 12).reduce((a, b) => a + b / 2 ** 32, -6),
  );
}

const product = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);

describe('shrinkage', () => {
  test('keeps the share of the variance that is no noise', () => {
    const estimate = shrinkageEstimate();
    const [truth, noise, lengths] = [normals(0, 20_000), normals(1, 20_000), normals(2, 20_000)];
    for (const [i, value] of truth.entries()) {
      estimate.pair(0.1 + 0.03 * value + 0.02 * noise[i]!);
      estimate.length(1 + Math.SQRT2 * 0.02 * lengths[i]!);
    }
    const { mean, factor } = estimate.current();
    assert.ok(Math.abs(mean - 0.1) < 0.001, `${mean}`);
    assert.ok(Math.abs(factor - 9 / 13) < 0.02, `${factor}`);
  });

  test('takes all for noise until it knows better, and nothing for noise where lengths are exact', () => {
    const estimate = shrinkageEstimate();
    estimate.pair(0.2);
    assert.deepEqual(estimate.current(), { mean: 0.2, factor: 0 });
    for (const length of [1, 1, 1]) estimate.length(length);
    estimate.pair(0.4);
    assert.equal(estimate.current().factor, 1);
  });

  test('goes on from its state', () => {
    const [whole, first] = [shrinkageEstimate(), shrinkageEstimate()];
    const feed = (estimate: typeof whole, from: number) => {
      for (let i = from; i < from + 5; i++) {
        estimate.pair(Math.sin(i));
        estimate.length(1 + 0.1 * Math.cos(i));
      }
    };
    feed(whole, 0);
    feed(first, 0);
    const second = shrinkageEstimate(first.state());
    feed(whole, 5);
    feed(second, 5);
    assert.deepEqual(second.current(), whole.current());
    assert.equal(second.count, 10);
  });

  test('brings sketched columns nearer to the true ones, with exact lengths on the diagonal', async () => {
    const [size, vocabulary, hidden] = [60, 40, 10];
    const definition: SketchDefinition = { kind: 'bucket', seed: 2, width: 256, vocabulary, hidden };
    const common = normals(3, vocabulary * hidden);
    const gradients = Array.from({ length: size }, (_, i) =>
      normals(4 + i, vocabulary * hidden).map((value, j) => value + 0.3 * common[j]!),
    );
    const sketches = gradients.map((gradient) => {
      const sum = sketch(definition).accumulate();
      sum.add(0, gradient);
      return sum.finish();
    });
    const norms = Float64Array.from(gradients, (gradient) => Math.sqrt(product(gradient, gradient)));
    const gram = (vectors: readonly ArrayLike<number>[]) => async (indices: readonly number[]) =>
      indices.map((j) => Float32Array.from(vectors, (vector) => product(vector, vectors[j]!)));
    const all = Array.from({ length: size }, (_, i) => i);
    const exact = await gram(gradients)(all);
    const raw = await gram(sketches)(all);
    const shrunk = await (await shrunkColumns(gram(sketches), norms))(all);

    const error = (columns: readonly Float32Array[]) =>
      columns.reduce(
        (sum, column, j) => sum + column.reduce((s, x, i) => (i === j ? s : s + (x - exact[j]![i]!) ** 2), 0),
        0,
      );
    assert.ok(error(shrunk) < 0.5 * error(raw), `${error(shrunk)} against ${error(raw)}`);
    for (const j of all) assert.equal(shrunk[j]![j], Math.fround(norms[j]! ** 2));
  });
});
