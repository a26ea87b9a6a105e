/** After a broker was killed and came back, a transport that is closed holds no socket: its process can end by itself. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Delivered, Outgoing } from '../../pipeline/contract.ts';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { createTopics } from '../../pipeline/kafka/topics.ts';
import { kafkaTransport } from '../../pipeline/kafka/transport.ts';
import { type Broker, startBroker } from '../kit/broker.ts';

const PREFIX = 'sockets.';
let broker: Broker;
before(async () => {
  broker = await startBroker();
  const admin = kafkaClient(connection(), 'patient').admin();
  await admin.connect();
  await createTopics(admin, { prefix: PREFIX, partitions: 3, replicas: 1 }, { apply: false });
  await admin.disconnect();
});
after(() => broker.close());

const connection = () => ({ brokers: [broker.address], clientId: 'sockets' });
const documentOf = (i: number): Outgoing => {
  const key = `${i}`.padStart(8, '0');
  return { topic: 'documents', key, value: Buffer.from(key), headers: {} };
};
/** Of this process; a moment after the last was told to close. */
async function sockets(): Promise<number> {
  const open = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  for (let tries = 0; tries < 100 && open() > 0; tries++) await delay(50);
  return open();
}

test('a broker killed three times while messages flow leaves no socket behind', async () => {
  assert.equal(await sockets(), 0);
  const transport = kafkaTransport({
    connection: connection(),
    writes: ['documents', 'tokens'],
    prefix: PREFIX,
    sessionTimeoutMs: 3000,
    readers: { documents: ['copy'] },
  });
  const stop = new AbortController();
  const copied = new Set<string>();
  const copy = async (batch: readonly Delivered[]) =>
    batch.map(({ key, value }): readonly Outgoing[] => {
      copied.add(key);
      return [{ topic: 'tokens', key, value, headers: {} }];
    });
  const reading = transport.subscribe('documents', 'copy', copy, stop.signal);
  for (let round = 0; round < 3; round++) {
    const from = round * 40;
    const publishing = transport.publish(
      Array.from({ length: 40 }, (_, i) => documentOf(from + i)),
      AbortSignal.timeout(120_000),
    );
    await broker.kill();
    await broker.start();
    await publishing;
    while (copied.size < from + 40) await delay(50);
  }
  stop.abort();
  await reading;
  await transport.close();
  assert.equal(await sockets(), 0);
});
