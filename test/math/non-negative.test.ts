import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nonNegative } from '../../stages/math/non-negative.ts';
import { random } from '../../stages/math/random.ts';

const N = 6;
function problem(seed: number) {
  const rows = Array.from({ length: 12 }, (_, r) =>
    Array.from(random(seed).words(r, 0, N + 1), (word) => word / 2 ** 31 - 0.7),
  );
  const product = (i: number, j: number) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0);
  const a = Array.from({ length: N }, (_, i) => Array.from({ length: N }, (_, j) => product(i, j)));
  return { a, b: Array.from({ length: N }, (_, i) => product(i, N)) };
}

describe('non-negative least squares', () => {
  test('is the minimum: the slope is 0 where a weight is positive, and not below 0 where it is 0', () => {
    let bound = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { a, b } = problem(seed);
      const w = nonNegative(a, b);
      for (let i = 0; i < N; i++) {
        const slope = a[i]!.reduce((sum, value, j) => sum + value * w[j]!, -b[i]!);
        assert.ok(w[i]! >= 0);
        assert.ok(w[i]! > 0 ? Math.abs(slope) < 1e-6 : slope > -1e-6, `seed ${seed}, weight ${i}: ${slope}`);
        if (w[i] === 0) bound++;
      }
    }
    assert.ok(bound > 0, 'some were held at 0');
  });

  test('finds weights that were put in, and leaves out what has no length', () => {
    const { a } = problem(3);
    const put = [0.5, 0, 2, 1, 0, 0.25];
    const b = a.map((row) => row.reduce((sum, value, j) => sum + value * put[j]!, 0));
    for (const [i, weight] of nonNegative(a, b).entries()) assert.ok(Math.abs(weight - put[i]!) < 1e-6);
    assert.deepEqual([...nonNegative([[0]], [1])], [0]);
  });
});
