import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { random } from '../../stages/math/random.ts';
import { type Cloud, sinkhorn } from '../../stages/math/sinkhorn.ts';

function cloud(stream: number, n: number, width = 2, shift = 0): Cloud {
  const words = random(9).words(stream, 0, n * width);
  return { points: Float32Array.from(words, (word) => word / 2 ** 32 + shift), width };
}

/** The least mean cost over all ways to pair the points up. */
function assignment(x: Cloud, y: Cloud): number {
  const n = x.points.length / x.width;
  const cost = (i: number, j: number) =>
    Array.from({ length: x.width }, (_, k) => (x.points[i * x.width + k]! - y.points[j * x.width + k]!) ** 2).reduce(
      (sum, square) => sum + square,
    );
  const least = (i: number, free: readonly number[]): number =>
    i === n
      ? 0
      : Math.min(
          ...free.map(
            (j) =>
              cost(i, j) +
              least(
                i + 1,
                free.filter((other) => other !== j),
              ),
          ),
        );
  return least(0, [...Array(n).keys()]) / n;
}

function assertNear(actual: number, expected: number, relative: number): void {
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual}, expected ${expected}`);
}

describe('sinkhorn', () => {
  test('is 0 between a cloud and itself, in any order of its points', () => {
    const x = cloud(0, 20);
    const reversed = { width: 2, points: x.points.map((_, at) => x.points[2 * (19 - (at >> 1)) + (at & 1)]!) };
    assert.equal(sinkhorn(x, x), 0);
    assert.ok(Math.abs(sinkhorn(x, reversed)) < 1e-9);
  });

  test('does not change when the clouds change places', () => {
    const [x, y] = [cloud(0, 15), cloud(1, 22, 2, 0.3)];
    assertNear(sinkhorn(x, y), sinkhorn(y, x), 1e-12);
  });

  test('is positive between different clouds', () => {
    for (let stream = 1; stream < 8; stream++) assert.ok(sinkhorn(cloud(0, 12), cloud(stream, 9)) > 0);
  });

  test('between a cloud and its copy moved by v is |v|²', () => {
    for (const shift of [0.5, 3]) {
      assertNear(sinkhorn(cloud(2, 16), cloud(2, 16, 2, shift)), 2 * shift ** 2, 1e-4);
    }
  });

  test('comes to the best assignment as the regularisation goes to 0', () => {
    const [x, y] = [cloud(3, 7), cloud(4, 7, 2, 0.4)];
    assertNear(
      sinkhorn(x, y, { regularisation: 0.001, tolerance: 1e-5, maxIterations: 20_000 }),
      assignment(x, y),
      0.01,
    );
  });

  test('grows with the square of the scale', () => {
    const [x, y] = [cloud(5, 10), cloud(6, 10, 2, 0.2)];
    const scaled = ({ points, width }: Cloud): Cloud => ({ points: points.map((value) => 4 * value), width });
    assertNear(sinkhorn(scaled(x), scaled(y)), 16 * sinkhorn(x, y), 1e-6);
  });

  test('is finite where a small regularisation would underflow outside the log domain', () => {
    const far = sinkhorn(cloud(7, 8), cloud(8, 8, 2, 1000), { regularisation: 1e-5 });
    assertNear(far, 2 * 1000 ** 2, 0.01);
  });
});
