import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kafkaClient } from '../../../pipeline/kafka/client.ts';
import { kafkaTransport } from '../../../pipeline/kafka/transport.ts';
import { type Broker, startBroker } from '../../kit/broker.ts';
import { readCommitted } from '../../kit/read-committed.ts';
import { KILL_POINTS } from './die-at.ts';

const WORKER = fileURLToPath(new URL('kill-point-worker.ts', import.meta.url));
const MESSAGES = 400;
const PARTITIONS = 2;
/** The first transaction of a writer is its sweep; later ones carry messages. */
const NTH = [1, 2 * PARTITIONS + 3];

let broker: Broker;
before(async () => {
  broker = await startBroker();
});
after(() => broker.close());

test('a worker killed on either side of each step of a transaction loses nothing and doubles nothing', async () => {
  const connection = { brokers: [broker.address], clientId: 'test' };
  const admin = kafkaClient(connection, 'patient').admin();
  await admin.connect();
  const topics = ['from', 'to'].map((topic) => ({ topic, numPartitions: PARTITIONS, replicationFactor: 1 }));
  await admin.createTopics({ waitForLeaders: true, topics });
  await admin.disconnect();
  const source = kafkaTransport({ connection, writes: ['from'] });
  const messages = Array.from({ length: MESSAGES }, (_, i) => ({
    topic: 'from',
    key: `k${i % 31}`,
    value: Buffer.from(String(i)),
    headers: {},
  }));
  await source.publish(messages, AbortSignal.timeout(60_000));
  await source.close();

  const run = async (...words: readonly string[]) => {
    const worker = spawn(process.execPath, [WORKER, broker.address, 'from', 'to', ...words], { stdio: 'inherit' });
    const [code, signal] = (await once(worker, 'exit')) as [number | null, string | null];
    return code ?? signal;
  };
  for (const point of KILL_POINTS) {
    for (const nth of NTH) {
      if (nth === 1 && point.startsWith('commit')) continue; // a sweep is aborted
      assert.equal(await run(point, String(nth)), 'SIGKILL', `${point} of transaction ${nth}`);
    }
  }
  const before = (await readCommitted(connection, 'to')).length;
  assert.ok(before > 0 && before < MESSAGES, `${before} of ${MESSAGES} copied by those who were killed`);
  assert.equal(await run(), 0);

  const numbers = (await readCommitted(connection, 'to')).map(({ value }) => Number(String(value)));
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    Array.from({ length: MESSAGES }, (_, i) => i),
  );
});
