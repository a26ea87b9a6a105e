import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bm25 } from '../../stages/math/bm25.ts';

const documents = [[1, 1, 2], [2, 3, 3, 4, 5, 6], [], [7], [2, 1]];

/** The formula, term by term. */
function twin(query: readonly number[], d: number, k1: number, b: number): number {
  const mean = documents.reduce((sum, { length }) => sum + length, 0) / documents.length;
  const document = documents[d]!;
  return query.reduce((sum, term) => {
    const n = documents.filter((other) => other.includes(term)).length;
    const idf = Math.log(1 + (documents.length - n + 0.5) / (n + 0.5));
    const f = document.filter((other) => other === term).length;
    return sum + (idf * f * (k1 + 1)) / (f + k1 * (1 - b + (b * document.length) / mean));
  }, 0);
}

describe('bm25', () => {
  test('is the sum over the terms of the query, each as often as it stands there', () => {
    for (const [k1, b] of [
      [1.2, 0.75],
      [2, 0],
      [0.5, 0.9],
    ] as const) {
      const index = bm25(documents, { k1, b });
      for (const query of [[1], [1, 1, 3], [2, 7, 99], []]) {
        for (const [d, score] of index.scores(query).entries()) {
          assert.ok(Math.abs(score - twin(query, d, k1, b)) < 1e-12, `${query} on ${d}`);
        }
      }
    }
  });

  test('ranks the document that holds more of a term, or is shorter, higher', () => {
    const [many, few, long] = bm25([
      [1, 1, 9],
      [1, 8, 9],
      [1, 4, 5, 6, 7, 8, 9],
    ]).scores([1]);
    assert.ok(many! > few! && few! > long!);
  });
});
