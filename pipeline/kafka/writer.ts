/** A transactional producer. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka as Client, Message as KafkaMessage, Transaction } from 'kafkajs';
import type { Outgoing } from '../contract.ts';
import { CompressionTypes, Partitioners } from './kafkajs.ts';

/** How far a group has come in a partition. */
export interface Place {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** The next offset it reads. */
  readonly next: number;
}

export interface Writer {
  /**
   * Writes the messages and moves the group, or neither. Where it rejects, the outcome is not known: close it, open another of
   * the same id, which ends the transaction one way or the other, and ask how far the group is.
   */
  commit(messages: readonly Outgoing[], place: Place): Promise<void>;
  /** Resolves when others can read what was committed: the broker writes its markers after it has answered. */
  settle(): Promise<void>;
  /** Settles what was committed, where it still can. */
  close(): Promise<void>;
}

/** A record batch above the broker's limit is refused, so a transaction sends several; larger ones bring little more speed. */
const SEND_BYTES = 2 ** 20;
/** A transaction is open for as long as it takes to write it. Those of the dead hold readers up until then, or until fenced. */
const TRANSACTION_TIMEOUT_MS = 30_000;

export interface WriterOptions {
  readonly client: Client;
  /** The transactional id: who opens it last is the only one who can write. */
  readonly id: string;
  /** The topic's name on the cluster. */
  readonly topicOf: (topic: string) => string;
  /** Where writers of this id may have written: how many partitions each topic has. */
  readonly writes: ReadonlyMap<string, number>;
  /** A place of the group that it moves. */
  readonly place: Omit<Place, 'next'>;
}

/** Ends what another writer of the same id left open, and fences it. */
export async function openWriter({ client, id, topicOf, writes, place: own }: WriterOptions): Promise<Writer> {
  const producer = client.producer({
    transactionalId: id,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  /** Of the last transaction, where it was committed for certain. */
  let last: Place | undefined;

  const offsetsOf = ({ group, topic, partition, next }: Place) => ({
    consumerGroupId: group,
    topics: [{ topic: topicOf(topic), partitions: [{ partition, offset: String(next) }] }],
  });

  async function settle(): Promise<void> {
    if (last === undefined) return;
    const transaction = await producer.transaction();
    try {
      await sendOffsets(transaction, offsetsOf(last)); // answered once the transaction before is done with
    } finally {
      await transaction.abort();
    }
  }

  /** What is being sent: a producer that is told to disconnect meanwhile connects again to send it, for ever. */
  let current: Promise<void> = Promise.resolve();

  async function close(): Promise<void> {
    await current.catch(() => undefined);
    await settle().catch(() => undefined);
    await producer.disconnect();
  }

  async function commit(messages: readonly Outgoing[], place: Place): Promise<void> {
    last = undefined;
    const transaction = await producer.transaction();
    try {
      for (const part of parts(messages, topicOf)) {
        await transaction.sendBatch({ topicMessages: part, compression: CompressionTypes.ZSTD });
      }
      await sendOffsets(transaction, offsetsOf(place));
    } catch (error) {
      await transaction.abort().catch(() => undefined);
      throw error;
    }
    await transaction.commit();
    last = place;
  }

  /**
   * A broker that starts after a crash may call a transaction ended whose markers it never wrote: what was written in it is then
   * in doubt, and ends as the next transaction of this id does. So the first one reaches every partition, and is aborted: the
   * one in doubt is undone as a whole, with its move of the group. See docs/decisions/0015-swept-transactions.md.
   */
  async function sweep(): Promise<void> {
    const transaction = await producer.transaction(); // asks for the producer's epoch, which fences the others
    const nothing = { ...own, next: 0 };
    try {
      await transaction.sendBatch({ topicMessages: empties(writes, topicOf, id) });
      await sendOffsets(transaction, offsetsOf(nothing));
    } finally {
      await transaction.abort();
    }
    last = nothing;
    await settle();
  }

  try {
    await producer.connect();
    await sweep();
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }

  return {
    settle,
    close,

    commit(messages, place) {
      current = commit(messages, place);
      return current;
    },
  };
}

/** Right after a commit the broker may still be writing its markers; kafkajs asks again when it sends, but not here. */
async function sendOffsets(
  transaction: Transaction,
  offsets: Parameters<Transaction['sendOffsets']>[0],
): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await transaction.sendOffsets(offsets);
    } catch (error) {
      if ((error as { type?: string }).type !== 'CONCURRENT_TRANSACTIONS' || tries > 2000) throw error;
      await delay(3);
    }
  }
}

/** A message for each partition. */
function empties(
  writes: ReadonlyMap<string, number>,
  topicOf: (topic: string) => string,
  key: string,
): TopicMessages[] {
  return [...writes].map(([topic, partitions]) => ({
    topic: topicOf(topic),
    messages: Array.from({ length: partitions }, (_, partition) => ({ key, value: null, partition })),
  }));
}

interface TopicMessages {
  readonly topic: string;
  readonly messages: KafkaMessage[];
}

function* parts(messages: readonly Outgoing[], topicOf: (topic: string) => string): Generator<TopicMessages[]> {
  let byTopic = new Map<string, TopicMessages>();
  let bytes = 0;
  for (const { topic, key, value, headers, partition } of messages) {
    const size = key.length + (value?.length ?? 0);
    if (bytes > 0 && bytes + size > SEND_BYTES) {
      yield [...byTopic.values()];
      byTopic = new Map();
      bytes = 0;
    }
    const own = byTopic.get(topic) ?? { topic: topicOf(topic), messages: [] };
    byTopic.set(topic, own);
    own.messages.push({ key, value, headers: { ...headers }, ...(partition === undefined ? {} : { partition }) });
    bytes += size;
  }
  if (byTopic.size > 0) yield [...byTopic.values()];
}
