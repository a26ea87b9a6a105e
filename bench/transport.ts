/**
 * The Kafka transport against a bare kafkajs loop with the same guarantees. Both copy 4 KB messages from one topic to another, exactly
 * once, with a transactional producer per partition and the same messages to a transaction.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Producer } from 'kafkajs';
import type { Outgoing } from '../pipeline/contract.ts';
import { type KafkaConnection, kafkaClient } from '../pipeline/kafka/client.ts';
import { CompressionTypes, Partitioners } from '../pipeline/kafka/kafkajs.ts';
import { kafkaTransport } from '../pipeline/kafka/transport.ts';
import { startBroker } from '../test/kit/broker.ts';
import { median, medianRatio } from './race.ts';
import { table } from './results.ts';

const [MESSAGES, BYTES, PARTITIONS, BATCH] = [100_000, 4096, 4, 250];

/** Seconds, from joining the group to the last commit: this process's CPU, and the clock's. */
interface Cost {
  readonly cpu: number;
  readonly wall: number;
}

/** Copies all messages as this group and resolves, when the last is committed, to what undoes its connections. */
type Copy = (connection: KafkaConnection, group: string) => Promise<() => Promise<void>>;

export async function transportSection(rounds: number): Promise<readonly string[]> {
  const broker = await startBroker();
  const connection = { brokers: [broker.address], clientId: 'bench' };
  const admin = kafkaClient(connection, 'patient').admin();
  const [loops, transports]: [Cost[], Cost[]] = [[], []];
  try {
    await admin.connect();
    await fill(connection, admin);
    for (let round = -1; round < rounds; round++) {
      const costs = [
        await timed(bare, connection, `bare${round}`),
        await timed(transport, connection, `transport${round}`),
      ] as const;
      if (round < 0) continue; // the first one warms up
      loops.push(costs[0]);
      transports.push(costs[1]);
    }
  } finally {
    await admin.disconnect();
    await broker.close();
  }
  const row = (name: string, costs: readonly Cost[]) => [
    name,
    ...[costs.map(({ wall }) => wall), costs.map(({ cpu }) => cpu)].map((s) => (MESSAGES / median(s)).toFixed(0)),
  ];
  const ratio = (of: (cost: Cost) => number) => medianRatio(loops.map(of), transports.map(of)).toFixed(3);
  return [
    `${MESSAGES} messages of ${BYTES} bytes, ${BATCH} to a transaction, copied from a topic of ${PARTITIONS} partitions to another, from joining the group to the last commit; medians of ${rounds} interleaved runs. Wanted: at least 0.8.`,
    '',
    ...table(
      ['', 'messages / second', 'messages / CPU second'],
      [
        row('bare kafkajs loop', loops),
        row('transport', transports),
        ['ratio', ratio(({ wall }) => wall), ratio(({ cpu }) => cpu)],
      ],
    ),
  ];
}

async function fill(connection: KafkaConnection, admin: Admin): Promise<void> {
  await admin.createTopics({
    waitForLeaders: true,
    topics: ['from', 'to'].map((topic) => ({ topic, numPartitions: PARTITIONS, replicationFactor: 1 })),
  });
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

async function timed(copy: Copy, connection: KafkaConnection, group: string): Promise<Cost> {
  const [before, start] = [process.cpuUsage(), performance.now()];
  const end = await copy(connection, group);
  const wall = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  await end();
  return { cpu: (user + system) / 1e6, wall };
}

async function transport(connection: KafkaConnection, group: string): Promise<() => Promise<void>> {
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
  return async () => {
    stop.abort();
    await reading;
    await one.close();
  };
}

/** Partitions at once, each in transactions of the same size; no queue, no second batch on its way. */
async function bare(connection: KafkaConnection, group: string): Promise<() => Promise<void>> {
  const quick = kafkaClient(connection, 'transactions');
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

  const consumer = kafkaClient(connection, 'patient').consumer({ groupId: group, maxWaitTimeInMs: 100 });
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
  return async () => {
    await delay(100);
    await consumer.disconnect();
    for (const producer of producers.values()) await (await producer).disconnect();
  };
}
