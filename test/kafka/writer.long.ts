/** Transactions of a real broker that is killed while it commits them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { placesOf } from '../../pipeline/kafka/lag.ts';
import { openWriter, type Writer } from '../../pipeline/kafka/writer.ts';
import { type Broker, startBroker } from '../kit/broker.ts';
import { readCommitted } from '../kit/read-committed.ts';

/** The more partitions, the longer the broker takes to end a transaction that it has confirmed. */
const PARTITIONS = 100;
const KILLS = 4;

let broker: Broker;
before(async () => {
  broker = await startBroker();
});
after(() => broker.close());

test('a transaction whose broker is killed as it confirms it is there as a whole, and once', async () => {
  const connection = { brokers: [broker.address], clientId: 'test' };
  const admin = kafkaClient(connection, 'patient').admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [
      { topic: 'in', numPartitions: 1, replicationFactor: 1 },
      { topic: 'out', numPartitions: PARTITIONS, replicationFactor: 1 },
    ],
  });
  const place = { group: 'group', topic: 'in', partition: 0 };
  const open = (): Promise<Writer> =>
    openWriter({
      client: kafkaClient(connection, 'transactions'),
      id: 'writer',
      topicOf: (topic) => topic,
      writes: new Map([['out', PARTITIONS]]),
      place,
    });

  for (let round = 1; round <= KILLS; round++) {
    const messages = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: 'out',
      key: `${round}`,
      value: Buffer.from(`${round}.${partition}`),
      headers: {},
      partition,
    }));
    const first = await patiently(open);
    await first.commit(messages, { ...place, next: round });
    process.kill(Number(readFileSync(join(broker.dir, 'pid'), 'utf8')), 'SIGKILL');
    await broker.kill();
    await broker.start();

    const second = await patiently(open);
    const places = await patiently(() => placesOf(admin, place.group, place.topic));
    if ((places.get(0) ?? 0) < round) await second.commit(messages, { ...place, next: round });
    await second.close();
    await first.close();
  }
  await admin.disconnect();

  const wanted = Array.from(
    { length: KILLS * PARTITIONS },
    (_, i) => `${1 + Math.floor(i / PARTITIONS)}.${i % PARTITIONS}`,
  );
  const values = (await readCommitted(connection, 'out')).map(({ value }) => String(value));
  assert.deepEqual(values.sort(), wanted.sort());
});

/** A broker that has just started says so. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 20) throw error;
    }
  }
}
