/** Tapping a real broker: committed messages alone, decoded, and those that are none. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { openWire } from '../../pipeline/kafka/wire.ts';
import { followCluster } from '../../pipeline/tap/from-cluster.ts';
import type { Tapped } from '../../pipeline/tap/message.ts';
import { type Broker, startBroker } from '../kit/broker.ts';
import { folders } from '../kit/folder.ts';

const CLI = fileURLToPath(new URL('../../pipeline/cli.ts', import.meta.url));
const folder = folders();
const { signal } = new AbortController();
let broker: Broker;

const deltasift = async (...words: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [CLI, ...words, '--brokers', broker.address])).stdout;
const tapped = async (...words: readonly string[]) =>
  (await deltasift('tap', ...words, '--json')).split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
const client = () => kafkaClient({ brokers: [broker.address], clientId: 'test' }, 'patient');

before(async () => {
  broker = await startBroker();
  await deltasift('topics', 'create', '--partitions', '2');
  const crawl = join(folder(), 'crawl.jsonl');
  writeFileSync(crawl, Array.from({ length: 30 }, (_, i) => `{"id":"d${i}","text":"number ${i}"}\n`).join(''));
  await deltasift('crawl', '--source', `jsonl:${crawl}`);
});
after(() => broker.close());

/** Sends values to `documents`, in a transaction that is committed or not. */
async function send(values: readonly string[], commit: boolean): Promise<void> {
  const producer = client().producer({ transactionalId: 'tap-test', maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  const transaction = await producer.transaction();
  const messages = values.map((value) => ({ key: 'poison', value }));
  await transaction.send({ topic: 'deltasift.documents', messages });
  await (commit ? transaction.commit() : transaction.abort());
  await producer.disconnect();
}

describe('tap of a cluster', () => {
  test('shows the newest, by filter, decoded', async () => {
    assert.equal((await tapped('documents')).length, 20);
    assert.equal((await tapped('documents', '--limit', '100')).length, 30);
    const [one, ...others] = await tapped('documents', '--match', '"number 7"');
    assert.deepEqual([one.value.id, one.fault, others], ['d7', null, []]);
    assert.match(
      await deltasift('tap', 'documents', '--key', one.key),
      /^\d\/\d+ \w{64} \d+ bytes\n(.*\n)* {2}id: "d7"\n/,
    );
    const counts = await tapped('counts', '--match', 'crawl');
    assert.ok(counts.some(({ value }) => value.stage === 'crawl'));
  });

  test('shows poison with the reason, and nothing of a transaction that was undone', async () => {
    await send(['undone'], false);
    await send(['not a document'], true);
    const [poison, ...others] = await tapped('documents', '--poison');
    assert.equal(Buffer.from(poison.value, 'base64').toString(), 'not a document');
    assert.match(poison.fault, /.+/);
    assert.deepEqual(others, []);
  });

  test('follows: what comes from now on, and nothing from before', async () => {
    const wire = await openWire({ format: 'single-object', registry: undefined, topicOf: (topic) => topic }, signal);
    const stop = new AbortController();
    const seen: Tapped[] = [];
    const tap = { client: client(), prefix: 'deltasift.', topic: 'documents', wire };
    const sent = Promise.withResolvers<void>();
    const followed = followCluster(
      tap,
      (message) => {
        seen.push(message);
        if (seen.length === 2) stop.abort();
      },
      stop.signal,
    );
    followed.catch(() => undefined);
    setTimeout(() => send(['x', 'y'], true).then(sent.resolve, sent.reject), 1500); // its offsets are taken by then
    await sent.promise;
    await assert.rejects(followed, { name: 'AbortError' });
    assert.deepEqual(
      seen.map(({ value }) => String(value)),
      ['x', 'y'],
    );
  });

  test('names what is not there', async () => {
    await assert.rejects(deltasift('tap', 'nothing'), /expected one of documents, /);
    await assert.rejects(
      deltasift('tap', 'documents', '--prefix', 'other.'),
      /no topic other\.documents on the cluster/,
    );
  });
});
