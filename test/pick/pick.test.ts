import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GradientMatrices } from '../../stages/graph/matrix.ts';
import { random } from '../../stages/math/random.ts';
import { dot, norm } from '../../stages/math/vector.ts';
import { balanced, quotas } from '../../stages/pick/balanced.ts';
import type { Candidate } from '../../stages/pick/candidate.ts';
import { explained, highestAt } from '../../stages/pick/explained.ts';
import { gramOf } from '../../stages/pick/gram.ts';
import { narrowed } from '../../stages/pick/narrow.ts';

const ENTRIES = 300;
const { signal } = new AbortController();

/** A model whose gradient is drawn by the window's first id. */
const gradientOf = (id: number) =>
  Float32Array.from(random(31).words(id, 0, ENTRIES), (word) => word / 2 ** 31 - 1 + (id % 3));
const matrices: GradientMatrices = { of: async ({ ids }) => gradientOf(ids[0]!), close: async () => {} };
const delta = gradientOf(1000);

function candidate(id: number, rest: Partial<Candidate> = {}): Candidate {
  const gradient = gradientOf(id);
  return {
    key: String(id),
    id: String(id),
    url: null,
    label: null,
    ranking: 0,
    cosine: 0,
    alignment: dot(gradient, delta),
    gradientNorm: norm(gradient),
    loss: 1,
    lossTunedHead: 1,
    lossTuned: null,
    tokens: 1,
    ids: Int32Array.of(id, 1),
    text: '',
    ...rest,
  };
}
const candidates = Array.from({ length: 20 }, (_, id) => candidate(id));

describe('what a set explains', () => {
  test('is the cosine of the sum of its gradients, after each document', async () => {
    const cosines = await explained(candidates, matrices, norm(delta), signal);
    const sum = new Float32Array(ENTRIES);
    for (const [n, { ids }] of candidates.entries()) {
      gradientOf(ids[0]!).forEach((value, i) => {
        sum[i]! += value;
      });
      const expected = dot(sum, delta) / (norm(sum) * norm(delta));
      assert.ok(Math.abs(cosines[n]! - expected) < 1e-6, `after ${n + 1}: ${cosines[n]}, expected ${expected}`);
    }
  });

  test('is highest at the first of its maxima', () => {
    assert.equal(highestAt([0.1, 0.4, 0.3, 0.4]), 2);
    assert.equal(highestAt([-0.2]), 1);
    assert.equal(highestAt([]), 0);
  });
});

describe('products between gradients', () => {
  for (const [memory, exact, tolerance] of [
    [ENTRIES * 4 * 20, true, 1e-5],
    [0, false, 0.06],
  ] as const) {
    test(`${exact ? 'are exact where the gradients fit' : 'come from wide sketches where they do not'}`, async () => {
      const gram = await gramOf(candidates, matrices, { entries: ENTRIES, memory, threads: 1 }, signal);
      assert.equal(gram.exact, exact);
      const columns = await gram.columns([3, 7]);
      for (const [c, j] of [3, 7].entries()) {
        for (const [i, { gradientNorm }] of candidates.entries()) {
          const scale = gradientNorm * candidates[j]!.gradientNorm;
          const error = (columns[c]![i]! - dot(gradientOf(i), gradientOf(j))) / scale;
          assert.ok(Math.abs(error) < tolerance, `${i} and ${j}: ${error}`);
        }
      }
      await gram.close();
    });
  }
});

describe('narrowing', () => {
  const at = (id: number, url: string | null) =>
    candidate(id, { url, ids: Int32Array.of(id, id + 1, id + 2, id + 3, id + 4) });

  test('keeps the first documents of each host, and all that have none', () => {
    const given = [
      at(0, 'https://a.example/1'),
      at(1, 'https://b.example/1'),
      at(2, 'http://a.example/2'),
      at(3, 'https://a.example:8080/3'),
      at(4, 'https://a.example/4'),
      at(5, null),
      at(6, 'file:///x'),
      at(7, 'no url'),
    ];
    const kept = narrowed(given, { nearDuplicates: 'keep', maxPerHost: 1 });
    assert.deepEqual(
      kept.map(({ id }) => id),
      ['0', '1', '3', '5', '6', '7'],
    );
  });

  test('a near duplicate does not use up its host', () => {
    const twin = { ...at(0, 'https://a.example/2'), id: 'twin' };
    const given = [at(0, 'https://b.example/1'), twin, at(1, 'https://a.example/3')];
    const kept = narrowed(given, { nearDuplicates: 'drop', maxPerHost: 1 });
    assert.deepEqual(
      kept.map(({ id }) => id),
      ['0', '1'],
    );
  });
});

describe('equal shares of classes', () => {
  const labelled = (labels: string) => [...labels].map((label, id) => candidate(id, { label }));
  const count = (labels: string, n: number) => Object.fromEntries(quotas(labelled(labels), n));

  test('are equal, one more for the first where they do not divide', () => {
    assert.deepEqual(count('aaaabbbbcccc', 6), { a: 2, b: 2, c: 2 });
    assert.deepEqual(count('aaaabbbbcccc', 8), { a: 3, b: 3, c: 2 });
    assert.deepEqual(count('abc', 2), { a: 1, b: 1, c: 0 });
  });

  test('what a class lacks goes to those that have more, and no more is given than there is', () => {
    assert.deepEqual(count('abbbbccccc', 9), { a: 1, b: 4, c: 4 });
    assert.deepEqual(count('ab', 9), { a: 1, b: 1 });
  });

  test('the first of each class are taken, in the order given', () => {
    const taken = balanced(labelled('aaabaabb'), 4);
    assert.deepEqual(
      taken.map(({ id }) => id),
      ['0', '1', '3', '6'],
    );
  });
});
