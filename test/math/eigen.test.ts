import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { symmetricEigen } from '../../stages/math/eigen.ts';
import { random } from '../../stages/math/random.ts';

function symmetric(seed: number, n: number): Float64Array {
  const words = random(seed).words(0, 0, n * n);
  return new Float64Array(n * n).map((_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return words[Math.min(i, j) * n + Math.max(i, j)]! / 2 ** 31 - 1;
  });
}

describe('eigenvalues of symmetric matrices', () => {
  test('A V = V diag(values), V orthonormal, values descending', () => {
    for (const n of [1, 2, 3, 17, 40]) {
      const a = symmetric(n, n);
      const { values, vectors } = symmetricEigen(a, n);
      const column = (j: number) => Float64Array.from({ length: n }, (_, i) => vectors[i * n + j]!);
      for (let j = 0; j < n; j++) {
        const v = column(j);
        if (j > 0) assert.ok(values[j]! <= values[j - 1]!);
        for (let i = 0; i < n; i++) {
          const av = v.reduce((sum, value, at) => sum + a[i * n + at]! * value, 0);
          assert.ok(Math.abs(av - values[j]! * v[i]!) < 1e-13 * n, `n ${n}, column ${j}`);
        }
        for (let k = 0; k <= j; k++) {
          const overlap = column(k).reduce((sum, value, i) => sum + value * v[i]!, 0);
          assert.ok(Math.abs(overlap - (k === j ? 1 : 0)) < 1e-13 * n);
        }
      }
    }
  });

  test('takes the zero matrix, and eigenvalues that are equal', () => {
    assert.deepEqual([...symmetricEigen(new Float64Array(9), 3).values], [0, 0, 0]);
    assert.deepEqual([...symmetricEigen(Float64Array.of(2, 0, 0, 2), 2).values], [2, 2]);
    assert.deepEqual([...symmetricEigen(Float64Array.of(0, 1, 1, 0), 2).values].map(Math.round), [1, -1]);
  });
});
