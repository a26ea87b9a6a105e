import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Columns } from '../../stages/math/greedy.ts';
import { greedyBatched } from '../../stages/math/greedy-batched.ts';
import { random } from '../../stages/math/random.ts';
import { type GramCase, greedyTwin, reached } from '../twins/greedy.ts';

const DIMENSIONS = 12;
const signal = new AbortController().signal;

function pool(seed: number, size: number) {
  const words = random(seed).words(0, 0, (size + 1) * DIMENSIONS);
  const vector = (v: number) =>
    Array.from({ length: DIMENSIONS }, (_, i) => Math.fround(words[v * DIMENSIONS + i]! / 2 ** 31 - 1));
  const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const delta = vector(size);
  const gradients = Array.from({ length: size }, (_, v) => vector(v));
  const exact: GramCase = {
    gram: gradients.map((a) => gradients.map((b) => product(a, b))),
    alignments: gradients.map((gradient) => product(gradient, delta)),
  };
  const columns: Columns = async (indices) => indices.map((j) => Float32Array.from(exact.gram[j]!));
  const norms = Float64Array.from(gradients, (gradient) => Math.hypot(...gradient));
  return {
    exact,
    columns,
    pool: { alignments: Float64Array.from(exact.alignments), norms, deltaNorm: Math.hypot(...delta) },
  };
}

describe('greedy in batches', () => {
  test('of one document is greedy', async () => {
    for (let seed = 0; seed < 4; seed++) {
      const { exact, columns, pool: given } = pool(seed, 60);
      assert.deepEqual(await greedyBatched(given, 8, 1, columns, signal), greedyTwin(exact, 8));
    }
  });

  test('of all documents is the order by what each alone reaches', async () => {
    const { exact, columns, pool: given } = pool(5, 40);
    const alone = [...given.norms.keys()].sort((a, b) => reached(exact, [b]) - reached(exact, [a]));
    assert.deepEqual(await greedyBatched(given, 10, 10, columns, signal), alone.slice(0, 10));
  });

  test('picks no document twice, and refuses to pick more than there are', async () => {
    const { columns, pool: given } = pool(6, 10);
    assert.equal(new Set(await greedyBatched(given, 10, 4, columns, signal)).size, 10);
    await assert.rejects(greedyBatched(given, 11, 4, columns, signal), RangeError);
  });

  test('fills the quota of every class, whatever the batch, and refuses to pick more than they give', async () => {
    const { columns, pool: given } = pool(7, 40);
    const of = given.norms.map((_, i) => i % 4);
    const quotas = [2, 1, 3, 2];
    for (const batch of [1, 3, 8]) {
      const picked = await greedyBatched({ ...given, classes: { of, quotas } }, 8, batch, columns, signal);
      assert.equal(new Set(picked).size, 8);
      for (const [label, quota] of quotas.entries()) assert.equal(picked.filter((i) => of[i] === label).length, quota);
    }
    await assert.rejects(
      greedyBatched({ ...given, classes: { of, quotas } }, 9, 3, columns, signal),
      /classes that may give 9, got 8/,
    );
  });
});
