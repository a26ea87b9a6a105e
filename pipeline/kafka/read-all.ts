/** A topic from its beginning to the end it has now: what a compacted topic says. */
import { randomUUID } from 'node:crypto';
import type { Kafka as Client } from 'kafkajs';
import { type Awaitable, type Delivered, Reject } from '../contract.ts';
import { ConfigError } from '../error.ts';
import { boundsOf } from './bounds.ts';
import { delivered } from './message.ts';
import type { Wire } from './wire.ts';

/** A cluster, as whole topics of it are read. */
export interface ClusterView {
  readonly client: Client;
  /** Before the names of topics and groups. */
  readonly prefix: string;
  /** Where it is given, values are handed over as codecs read them. */
  readonly wire?: Wire | undefined;
}

export interface ReadAll {
  readonly topic: string;
  /** What its group is named after, which commits nothing; the topic where left out. */
  readonly reader?: string;
  /** Only these partitions, each from an offset on; all from the beginning where left out. */
  readonly from?: ReadonlyMap<number, number>;
  /** Goes on with what comes, until `signal` aborts. */
  readonly follow?: boolean;
  readonly each: (message: Delivered) => Awaitable<void>;
}

/**
 * Calls `each` for what is committed, in order within a partition. Resolves with the offset behind what was read, by partition.
 * It waits for transactions that are open when it begins.
 *
 * @throws Error for a value that the wire cannot hand over, ConfigError where its schema is not known
 */
export async function readAll(
  { client, prefix, wire }: ClusterView,
  { topic, reader = topic, from, follow = false, each }: ReadAll,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, number>> {
  const topicOnCluster = prefix + topic;
  const bounds = await boundsOf({ client, prefix }, topic);
  const ends = new Map<number, number>();
  const next = new Map<number, number>();
  for (const { partition, low, high } of bounds) {
    const first = from === undefined ? low : from.get(partition);
    if (first === undefined) continue;
    ends.set(partition, high);
    next.set(partition, Math.max(first, low));
  }
  const isDone = () => !follow && [...ends].every(([partition, end]) => next.get(partition)! >= end);
  if (isDone()) return next;

  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  done.catch(() => undefined); // it may end before anybody waits for it
  const consumer = client.consumer({
    groupId: `${prefix}reader.${reader}.${randomUUID()}`, // no two may read as one group
    maxWaitTimeInMs: 100,
    maxBytesPerPartition: 4 * 2 ** 20,
    allowAutoTopicCreation: false,
    retry: { restartOnFailure: async () => false },
  });
  const { GROUP_JOIN, END_BATCH_PROCESS, CRASH } = consumer.events;
  consumer.on(CRASH, ({ payload: { error } }) => reject(error));
  consumer.on(GROUP_JOIN, () => {
    const left = bounds.map(({ partition }) => partition).filter((partition) => !next.has(partition));
    if (left.length > 0) consumer.pause([{ topic: topicOnCluster, partitions: left }]);
    for (const [partition, offset] of next) {
      consumer.seek({ topic: topicOnCluster, partition, offset: String(offset) });
    }
  });
  consumer.on(END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    next.set(partition, Math.max(next.get(partition) ?? 0, Number(lastOffset) + 1));
    if (isDone()) resolve();
  });
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    signal.throwIfAborted();
    await consumer.connect();
    await consumer.subscribe({ topics: [topicOnCluster], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, heartbeat, isStale }) => {
        if (isStale()) return;
        for (const message of batch.messages) {
          if (Number(message.offset) < (next.get(batch.partition) ?? 0)) continue; // handed over before a rejoin
          try {
            await each(await unframed(delivered(topic, batch.partition, message), wire));
          } catch (error) {
            return reject(error); // thrown here, kafkajs would hand it over again, and hide it in an error of its own
          }
          next.set(batch.partition, Number(message.offset) + 1);
        }
        await heartbeat();
      },
    });
    await done;
  } finally {
    signal.removeEventListener('abort', abort);
    await consumer.disconnect().catch(() => undefined);
  }
  return next;
}

async function unframed(message: Delivered, wire: Wire | undefined): Promise<Delivered> {
  if (wire === undefined || message.value === null) return message;
  const value = await wire.unframe(message);
  if (!(value instanceof Reject)) return { ...message, value };
  const sentence = `${message.topic}/${message.partition}/${message.offset}: ${value.reason}`;
  throw value.code === 'unknown-schema' ? new ConfigError(sentence) : new Error(sentence);
}
