/** Somebody else's topic, read partition by partition: without a group, and so without leaving anything on the cluster. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bounds, TopicMessage, TopicReader } from '../contract.ts';
import { ConfigError } from '../error.ts';
import { type KafkaConnection, kafkaClient } from './client.ts';
import { UndecodableBatch } from './codecs.ts';
import { isOfType, refusal } from './failure.ts';
import { type Cluster, clusterOf, FetchedMessages } from './kafkajs.ts';
import { textOf } from './message.ts';

const FETCH_BYTES = 4 << 20;
const FETCH_MS = 500;
const RETRY_MS = 500;
const READ_COMMITTED = 1;

export function topicReader(connection: KafkaConnection, topic: string): TopicReader {
  const client = kafkaClient(connection, 'patient');
  let admin: ReturnType<typeof client.admin> | undefined;
  let cluster: Cluster | undefined;

  async function asked<T>(ask: (of: NonNullable<typeof admin>) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    try {
      if (admin === undefined) {
        const own = client.admin();
        await unlessAborted(own.connect(), signal);
        admin = own;
      }
      return await unlessAborted(ask(admin), signal);
    } catch (error) {
      throw explained(error, topic);
    }
  }

  async function opened(): Promise<Cluster> {
    if (cluster !== undefined) return cluster;
    const own = clusterOf(client);
    await own.connect();
    await own.addTargetTopic(topic);
    cluster = own;
    return own;
  }

  async function fetched(partition: number, from: number) {
    const own = await opened();
    const [node] = Object.keys(own.findLeaderForPartitions(topic, [partition]));
    if (node === undefined) throw new Error(`partition ${partition} has no leader`);
    const broker = await own.findBroker({ nodeId: node });
    const { responses } = await broker.fetch({
      isolationLevel: READ_COMMITTED,
      maxWaitTime: FETCH_MS,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      topics: [{ topic, partitions: [{ partition, fetchOffset: String(from), maxBytes: FETCH_BYTES }] }],
    });
    return responses[0]!.partitions[0]!;
  }

  /** Waits for a broker that is away, and for a new leader. */
  async function patiently(partition: number, from: number, signal: AbortSignal) {
    for (;;) {
      signal.throwIfAborted();
      try {
        return await unlessAborted(fetched(partition, from), signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof UndecodableBatch)
          throw new ConfigError(`${topic}/${partition}: the batch at offset ${from}: ${error.message}`, {
            cause: error,
          });
        const { type } = error as { readonly type?: string };
        if (type === 'OFFSET_OUT_OF_RANGE') return undefined;
        if (type !== 'UNKNOWN_TOPIC_OR_PARTITION' && refusal(error) !== undefined) throw explained(error, topic);
        const own = cluster;
        cluster = undefined;
        await own?.disconnect().catch(() => undefined);
        await delay(RETRY_MS, undefined, { signal });
      }
    }
  }

  async function bounds(signal: AbortSignal): Promise<readonly Bounds[]> {
    const found = await asked((own) => own.fetchTopicOffsets(topic), signal);
    return found
      .map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
      .sort((a, b) => a.partition - b.partition);
  }

  return {
    bounds,

    async since(ms, signal) {
      const found = await asked((own) => own.fetchTopicOffsetsByTimestamp(topic, ms), signal);
      return new Map(found.map(({ partition, offset }) => [partition, Number(offset)]));
    },

    async *read(partition, from, to, signal) {
      for (let at = from; at < to; ) {
        const found = await patiently(partition, at, signal);
        if (found === undefined) {
          const { low = 0, high = 0 } = (await bounds(signal)).find((one) => one.partition === partition) ?? {};
          if (at > high)
            throw new ConfigError(`${topic}/${partition} ends at offset ${high}, before ${at}: it was made anew`);
          at = Math.max(at, low);
          continue;
        }
        if (found.messages.length === 0) {
          if (Number(found.lastStableOffset) <= at) return; // what follows is of a transaction that is open
          at = Number(found.lastStableOffset); // nothing is left of what was there
          continue;
        }
        const batch = new FetchedMessages(topic, String(at), found);
        for (const { offset, key, value, headers } of batch.messages) {
          signal.throwIfAborted();
          if (Number(offset) >= to) return;
          yield { offset: Number(offset), key, value, headers: textOf(headers ?? {}) } satisfies TopicMessage;
        }
        at = Number(batch.lastOffset()) + 1;
      }
    },

    async close() {
      const [own, asking] = [cluster, admin];
      [cluster, admin] = [undefined, undefined];
      await own?.disconnect().catch(() => undefined);
      await asking?.disconnect().catch(() => undefined);
    },
  };
}

function explained(error: unknown, topic: string): unknown {
  if (isOfType(error, 'UNKNOWN_TOPIC_OR_PARTITION')) {
    return new ConfigError(`the cluster has no topic ${topic}, or this user may not see it`, { cause: error });
  }
  return refusal(error) ?? error;
}

/** kafkajs takes no signals: what it still does is left to itself. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
