import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { symmetricEigen } from '../../stages/math/eigen.ts';
import { random } from '../../stages/math/random.ts';
import { type RowMatrix, randomizedSvd } from '../../stages/math/svd.ts';

const uniform = (seed: number, n: number) =>
  Float64Array.from(random(seed).words(0, 0, n), (word) => word / 2 ** 31 - 1);

/** Σ_r scale_r a_r b_rᵀ with random a [m,r] and b [n,r] */
function sum(rows: number, columns: number, scales: readonly number[], seed = 1): Float32Array {
  const rank = scales.length;
  const a = uniform(seed, rows * rank);
  const b = uniform(seed + 1, columns * rank);
  return new Float32Array(rows * columns).map((_, at) => {
    const [v, i] = [Math.floor(at / columns), at % columns];
    return scales.reduce((total, scale, r) => total + scale * a[v * rank + r]! * b[i * rank + r]!, 0);
  });
}

function matrixOf(values: Float32Array, columns: number): RowMatrix {
  return {
    rows: values.length / columns,
    columns,
    read: async (from, to) => values.subarray(from * columns, to * columns),
  };
}

/** The naive twin: all singular values, as roots of the eigenvalues of MᵀM. */
function singularValues(values: Float32Array, columns: number): Float64Array {
  const gram = new Float64Array(columns * columns);
  for (let row = 0; row < values.length; row += columns) {
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j < columns; j++) gram[i * columns + j]! += values[row + i]! * values[row + j]!;
    }
  }
  return symmetricEigen(gram, columns).values.map((value) => Math.sqrt(Math.max(0, value)));
}

/** M - left rightᵀ */
function residual(values: Float32Array, columns: number, left: Float32Array, right: Float32Array): Float64Array {
  const rank = right.length / columns;
  return Float64Array.from(values, (value, at) => {
    const [v, i] = [Math.floor(at / columns), at % columns];
    let approximation = 0;
    for (let r = 0; r < rank; r++) approximation += left[v * rank + r]! * right[i * rank + r]!;
    return value - approximation;
  });
}
const square = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value * value, 0);

describe('randomized SVD', () => {
  test('finds a matrix of low rank exactly', async () => {
    const values = sum(501, 67, [5, 3, 1, 0.1]);
    const svd = await randomizedSvd(matrixOf(values, 67), 4, 0);
    assert.ok(square(residual(values, 67, svd.left, svd.right)) < 1e-12 * svd.squaredNorm);
    const truth = singularValues(values, 67);
    for (let r = 0; r < 4; r++) assert.ok(Math.abs(svd.values[r]! / truth[r]! - 1) < 1e-6, `value ${r}`);
  });

  test('finds the first values where the spectrum decays, from below', async () => {
    const values = sum(
      700,
      60,
      Array.from({ length: 60 }, (_, r) => 1 / (r + 1)),
    );
    const truth = singularValues(values, 60);
    const svd = await randomizedSvd(matrixOf(values, 60), 16, 7);
    const energy = square(truth.subarray(0, 16));
    assert.ok(square(svd.values) <= energy * (1 + 1e-9));
    assert.ok(square(svd.values) > energy * (1 - 1e-3));
    for (let r = 0; r < 8; r++) assert.ok(Math.abs(svd.values[r]! / truth[r]! - 1) < 1e-3, `value ${r}`);
  });

  test('the squared error is the squared norm less the squared values', async () => {
    const values = sum(
      300,
      41,
      Array.from({ length: 41 }, () => 1),
    );
    const svd = await randomizedSvd(matrixOf(values, 41), 5, 3);
    assert.ok(Math.abs(svd.squaredNorm / square(values) - 1) < 1e-12);
    const error = square(residual(values, 41, svd.left, svd.right));
    assert.ok(Math.abs(error / (svd.squaredNorm - square(svd.values)) - 1) < 1e-5);
  });

  test('gives orthonormal right vectors, and left ones as long as their values', async () => {
    const { values, left, right } = await randomizedSvd(matrixOf(sum(200, 30, Array(30).fill(1)), 30), 6, 5);
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j <= i; j++) {
        let [rights, lefts] = [0, 0];
        for (let row = 0; row < 30; row++) rights += right[row * 6 + i]! * right[row * 6 + j]!;
        for (let row = 0; row < 200; row++) lefts += left[row * 6 + i]! * left[row * 6 + j]!;
        assert.ok(Math.abs(rights - (i === j ? 1 : 0)) < 1e-6);
        assert.ok(Math.abs(lefts - (i === j ? values[i]! ** 2 : 0)) < 1e-5 * values[0]! ** 2);
      }
    }
  });

  test('gives the same bits for the same seed', async () => {
    const matrix = matrixOf(sum(100, 20, [3, 2, 1]), 20);
    assert.deepEqual(await randomizedSvd(matrix, 3, 11), await randomizedSvd(matrix, 3, 11));
  });

  test('takes matrices smaller than the rank, and the zero matrix', async () => {
    for (const [rows, columns] of [
      [1, 1],
      [3, 50],
      [50, 3],
      [5, 5],
    ] as const) {
      const values = sum(rows, columns, [2, 1]);
      const svd = await randomizedSvd(matrixOf(values, columns), 32, 1);
      assert.equal(svd.values.length, Math.min(rows, columns));
      assert.ok(square(residual(values, columns, svd.left, svd.right)) < 1e-10 * svd.squaredNorm);
    }
    const nothing = await randomizedSvd(matrixOf(new Float32Array(60), 6), 2, 1);
    assert.deepEqual([...nothing.values], [0, 0]);
    assert.ok(nothing.left.every((value) => value === 0));
  });
});
