/** A topic from its beginning to the end it has now: what a compacted topic says. */
import { randomUUID } from 'node:crypto';
import type { Kafka as Client } from 'kafkajs';
import { codecs } from '../../schemas/codec.ts';
import { topicOf } from '../../schemas/topics.ts';
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
  /** Where it is given, values are handed over as codecs read them, and what they cannot read is passed over. */
  readonly wire?: Wire | undefined;
  /** Told of the first message of a topic that is passed over: topics are open to others. */
  readonly note?: ((sentence: string) => void) | undefined;
}

export interface ReadAll {
  readonly topic: string;
  /** What its group is named after, which commits nothing; the topic where left out. */
  readonly reader?: string;
  /** Only these partitions, each from an offset on; all from the beginning where left out. */
  readonly from?: ReadonlyMap<number, number>;
  /** Goes on with what comes, until `signal` aborts. */
  readonly follow?: boolean;
  /** Refuses a topic in which nothing is of a schema that is known: the settings are those of another cluster. */
  readonly known?: boolean;
  readonly each: (message: Delivered) => Awaitable<void>;
  /** Told, behind each batch, of the offset behind what was read of the partition: what was passed over, and control records, too. */
  readonly reached?: (partition: number, next: number) => void;
}

/**
 * Calls `each` for what is committed, in order within a partition. Resolves with the offset behind what was read, by partition.
 * It waits for transactions that are open when it begins.
 *
 * @throws ConfigError with `known`, where messages were there, and the schema of none
 */
export async function readAll(
  { client, prefix, wire, note }: ClusterView,
  { topic, reader = topic, from, follow = false, known = false, each, reached }: ReadAll,
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

  let [isReadable, isForeign] = [false, false];
  let unknown: string | undefined;
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
    const isCurrent = [...ends].every(([one, end]) => next.get(one)! >= end);
    if (isCurrent && known && !isReadable && unknown !== undefined) return reject(new ConfigError(unknown));
    reached?.(partition, next.get(partition)!);
    if (isCurrent && !follow) resolve();
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
            const one = await unframed(delivered(topic, batch.partition, message), wire);
            if (one instanceof Reject) passOver(`${topicOnCluster}/${batch.partition}/${message.offset}`, one);
            else {
              isReadable = true;
              await each(one);
            }
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

  function passOver(place: string, { code, reason }: Reject): void {
    if (code === 'unknown-schema') unknown ??= `${place}: ${reason}`;
    if (!isForeign) note?.(`${place} is passed over, and what else is nothing of ours: ${reason}`);
    isForeign = true;
  }
}

async function unframed(message: Delivered, wire: Wire | undefined): Promise<Delivered | Reject> {
  if (wire === undefined || message.value === null) return message;
  const value = await wire.unframe(message);
  if (value instanceof Reject) return value;
  const schema = topicOf(message.topic)?.schema;
  try {
    if (schema != null) codecs[schema].decode(value, message.headers['schema']);
    return { ...message, value };
  } catch (error) {
    return new Reject('undecodable-message', `it is no ${schema}: ${error instanceof Error ? error.message : error}`);
  }
}
