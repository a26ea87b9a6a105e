import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos, type Outcome } from './chaos.ts';

const CALM = { kills: 0, brokerKills: 0, pauses: 0, guests: 0, poisonEvery: 100 };
const quietly = () => undefined;

test('workers and the broker killed: nothing lost, nothing doubled, every count exact, poison in the dead letters', async () => {
  const documents = 10_000;
  assertExact(await chaos({ ...CALM, documents, kills: 10, brokerKills: 2 }, quietly), documents);
});

test('a worker that stops, is taken for dead and goes on writes nothing more; those who come and go lose nothing', async () => {
  const documents = 2000;
  assertExact(await chaos({ ...CALM, documents, pauses: 2, guests: 3 }, quietly), documents);
});

function assertExact(outcome: Outcome, documents: number): void {
  const none = { tokens: 0, sketches: 0, scores: 0 };
  assert.deepEqual(outcome.lost, none);
  assert.deepEqual(outcome.doubled, { ...none, selection: 0 });
  assert.deepEqual(outcome.dead, outcome.expectedDead);
  assert.ok(outcome.topEqual, 'the shares of the store merge into the best of all documents');
  assert.ok(outcome.quantilesEqual, 'the shares of the store merge into the distribution of all documents');

  const { counts } = outcome;
  const good = documents - documents / 100;
  assert.equal(counts['tokenize/in/'], documents);
  assert.equal(counts['tokenize/out/'], good);
  assert.equal(counts['tokenize/rejected/too-short'], documents / 100);
  for (const stage of ['gradient', 'score', 'select']) {
    assert.deepEqual([counts[`${stage}/in/`], counts[`${stage}/out/`]], [good, good], stage);
  }
}
