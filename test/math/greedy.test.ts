import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Columns, greedy } from '../../stages/math/greedy.ts';
import { random } from '../../stages/math/random.ts';
import { bestExchangeGain, type GramCase, greedyTwin, reached } from '../twins/greedy.ts';

const DIMENSIONS = 12;
const signal = new AbortController().signal;

function pool(seed: number, size: number) {
  const words = random(seed).words(0, 0, (size + 1) * DIMENSIONS);
  const vectors = Array.from({ length: size + 1 }, (_, v) =>
    Array.from({ length: DIMENSIONS }, (_, i) => Math.fround(words[v * DIMENSIONS + i]! / 2 ** 31 - 1)),
  );
  const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const [delta, ...gradients] = vectors as [number[], ...number[][]];
  const exact: GramCase = {
    gram: gradients.map((a) => gradients.map((b) => product(a, b))),
    alignments: gradients.map((gradient) => product(gradient, delta)),
  };
  const columns: Columns = async (indices) => indices.map((j) => Float32Array.from(exact.gram[j]!));
  return {
    exact,
    columns,
    deltaNorm: Math.hypot(...delta),
    alignments: Float64Array.from(exact.alignments),
    norms: Float64Array.from(gradients, (gradient) => Math.hypot(...gradient)),
  };
}

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} where ${expected} was expected`);

describe('greedy', () => {
  test('picks what trying every document at every step picks', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const { exact, columns, ...rest } = pool(seed, 80);
      const { cosines } = await greedy(rest, 10, columns, signal);
      const twin = greedyTwin(exact, 10);
      for (const [i, cosine] of cosines.entries()) close(cosine, reached(exact, twin.slice(0, i + 1)) / rest.deltaNorm);
    }
  });

  test('ends where no single exchange helps, above where the picks alone ended', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const { exact, columns, ...rest } = pool(seed, 80);
      const { indices, cosines, cosine, exchanges } = await greedy(rest, 10, columns, signal);
      assert.equal(new Set(indices).size, 10);
      close(cosine, reached(exact, indices) / rest.deltaNorm);
      assert.ok(exchanges === 0 ? cosine === cosines.at(-1) : cosine > cosines.at(-1)!);
      assert.ok(bestExchangeGain(exact, indices) < 1e-6);
    }
  });

  test('asks for no column twice, and for few that it does not use', async () => {
    const { columns, exact: _, ...rest } = pool(6, 400);
    const asked: number[] = [];
    const counting: Columns = (indices) => {
      asked.push(...indices);
      return columns(indices);
    };
    await greedy(rest, 40, counting, signal);
    assert.equal(new Set(asked).size, asked.length);
    assert.ok(asked.length < 200, `${asked.length} columns`);
  });

  test('takes the whole pool where that is what was asked for, and refuses to pick more', async () => {
    const { columns, exact: _, ...rest } = pool(7, 9);
    const { indices } = await greedy(rest, 9, columns, signal);
    assert.deepEqual([...indices].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    await assert.rejects(greedy(rest, 10, columns, signal), /pool of at least 10, got 9/);
  });

  test('stops when told to', async () => {
    const { columns, exact: _, ...rest } = pool(8, 20);
    await assert.rejects(greedy(rest, 5, columns, AbortSignal.abort()), { name: 'AbortError' });
  });

  test('with classes picks what trying all documents of classes with room picks, and exchanges within a class', async () => {
    const { exact, columns, ...rest } = pool(11, 60);
    const of = rest.norms.map((_, i) => i % 3);
    const quotas = [1, 4, 3];
    const { indices, cosines } = await greedy({ ...rest, classes: { of, quotas } }, 8, columns, signal);
    for (const [label, quota] of quotas.entries()) assert.equal(indices.filter((i) => of[i] === label).length, quota);
    const set: number[] = [];
    for (const cosine of cosines) {
      const room = exact.alignments.keys().filter((i) => set.filter((j) => of[j] === of[i]).length < quotas[of[i]!]!);
      const open = [...room].filter((i) => !set.includes(i));
      set.push(open.reduce((best, i) => (reached(exact, [...set, i]) > reached(exact, [...set, best]) ? i : best)));
      close(cosine, reached(exact, set) / rest.deltaNorm);
    }
    const better = indices.flatMap((out, at) =>
      [...exact.alignments.keys()]
        .filter((i) => !indices.includes(i) && of[i] === of[out])
        .map((i) => reached(exact, indices.with(at, i)) / reached(exact, indices) - 1),
    );
    assert.ok(Math.max(...better) < 1e-5, 'no exchange within a class raises it any more');
  });

  test('classes that may not give so many are refused', async () => {
    const { exact: _, columns, ...rest } = pool(12, 6);
    const classes = { of: [0, 0, 0, 1, 1, 1], quotas: [1, 1] };
    await assert.rejects(greedy({ ...rest, classes }, 3, columns, signal), /classes that may give 3, got 2/);
  });
});
