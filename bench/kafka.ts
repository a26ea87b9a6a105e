/**
 * The Kafka transport against a bare kafkajs loop with the same guarantees: `node bench/kafka.ts [MESSAGES]`. Both copy 4 KB messages from one
 * topic to another, exactly once, with a transactional producer per partition and the same messages to a transaction.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Producer } from 'kafkajs';
import type { Outgoing } from '../pipeline/contract.ts';
import { kafkaClient } from '../pipeline/kafka/client.ts';
import { CompressionTypes, Partitioners } from '../pipeline/kafka/kafkajs.ts';
import { kafkaTransport } from '../pipeline/kafka/transport.ts';
import { startBroker } from '../test/kit/broker.ts';

const MESSAGES = Number(process.argv[2] ?? 20_000);
const BYTES = 4096;
const PARTITIONS = 4;
const BATCH = 250;
const RUNS = 3;

const broker = await startBroker();
const connection = { brokers: [broker.address], clientId: 'bench' };
const patient = kafkaClient(connection, 'patient');
const quick = kafkaClient(connection, 'transactions');
const admin = patient.admin();

try {
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: ['from', 'to'].map((topic) => ({ topic, numPartitions: PARTITIONS, replicationFactor: 1 })),
  });
  await fill();
  const rates: Record<'bare' | 'transport', number[]> = { bare: [], transport: [] };
  for (let run = 0; run < RUNS; run++) {
    rates.bare.push(await timed(bare, `bare-${run}`));
    rates.transport.push(await timed(transport, `transport-${run}`));
  }
  const [a, b] = [median(rates.bare), median(rates.transport)];
  console.log(JSON.stringify({ messages: MESSAGES, batch: BATCH, ...rates, ratio: b / a }));
} finally {
  await admin.disconnect();
  await broker.close();
}

async function fill(): Promise<void> {
  const source = kafkaTransport({ connection, writes: ['from'] });
  // half random, half repeated: compresses about as text does
  const value = Buffer.from(Array.from({ length: BYTES }, (_, i) => (i % 2 === 0 ? (i * 7919) % 251 : 101)));
  for (let i = 0; i < MESSAGES; i += 1000) {
    const messages = Array.from(
      { length: 1000 },
      (_, n): Outgoing => ({ topic: 'from', key: `k${i + n}`, value, headers: {} }),
    );
    await source.publish(messages, AbortSignal.timeout(60_000));
  }
  await source.close();
}

/** Messages a second, from joining the group to the last commit. */
async function timed(
  copy: (group: string, done: () => Promise<void>) => Promise<void>,
  group: string,
): Promise<number> {
  const start = performance.now();
  let end = start;
  await copy(group, async () => {
    end = performance.now();
  });
  return MESSAGES / ((end - start) / 1000);
}

async function transport(group: string, done: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  let copied = 0;
  const finished = Promise.withResolvers<void>();
  const one = kafkaTransport({
    connection,
    writes: ['to'],
    batch: BATCH,
    watch: {
      committed({ messages }) {
        copied += messages;
        if (copied === MESSAGES) finished.resolve();
      },
    },
  });
  const reading = one.subscribe(
    'from',
    group,
    async (batch) => batch.map(({ key, value, headers }) => [{ topic: 'to', key, value, headers }]),
    stop.signal,
  );
  await Promise.race([finished.promise, reading]);
  await done();
  stop.abort();
  await reading;
  await one.close();
}

/** Partitions at once, each in transactions of the same size; no queue, no second batch on its way. */
async function bare(group: string, done: () => Promise<void>): Promise<void> {
  const producers = new Map<number, Promise<Producer>>();
  const finished = Promise.withResolvers<void>();
  let copied = 0;

  async function producerOf(partition: number): Promise<Producer> {
    const producer = quick.producer({
      transactionalId: `${group}.${partition}`,
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }

  const consumer = patient.consumer({ groupId: group, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: ['from'], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: PARTITIONS,
    eachBatch: async ({ batch: { partition, messages }, heartbeat }) => {
      if (!producers.has(partition)) producers.set(partition, producerOf(partition));
      const producer = await producers.get(partition)!;
      for (let i = 0; i < messages.length; i += BATCH) {
        const part = messages.slice(i, i + BATCH);
        const transaction = await producer.transaction();
        await transaction.send({
          topic: 'to',
          compression: CompressionTypes.ZSTD,
          messages: part.map(({ key, value }) => ({ key, value })),
        });
        const offset = String(BigInt(part.at(-1)!.offset) + 1n);
        await transaction.sendOffsets({
          consumerGroupId: group,
          topics: [{ topic: 'from', partitions: [{ partition, offset }] }],
        });
        await transaction.commit();
        copied += part.length;
        await heartbeat();
      }
      if (copied === MESSAGES) finished.resolve();
    },
  });
  await finished.promise;
  await done();
  await delay(100);
  await consumer.disconnect();
  for (const producer of producers.values()) await (await producer).disconnect();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
