/** The transport over a Kafka cluster: exactly once, by one transactional writer for each partition of a group. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { Delivered, Outgoing, Transport } from '../contract.ts';
import { ConfigError } from '../error.ts';
import { type KafkaConnection, kafkaClient } from './client.ts';
import { refusal } from './failure.ts';
import { fit } from './fit.ts';
import { lagOf, placesOf } from './lag.ts';
import { readOn } from './member.ts';
import { publisher } from './publisher.ts';
import { type Room, room } from './room.ts';
import type { Subscription, SubscriptionOptions } from './subscription.ts';
import { topicsThere } from './visible.ts';
import { unwatched, type Watch } from './watch.ts';
import { openWriter } from './writer.ts';

export interface KafkaOptions extends Partial<SubscriptionOptions> {
  readonly connection: KafkaConnection;
  /** Topics that are written to: others are refused. */
  readonly writes: readonly string[];
  /** Before the names of topics, groups and transactional ids. */
  readonly prefix?: string;
  /** Names the one who publishes: another of the same name takes over from it, and fences it. */
  readonly publisher?: string;
  /** Groups that read a topic, besides those that this transport subscribes: `publish` waits for the slowest. */
  readonly readers?: Readonly<Record<string, readonly string[]>>;
  /** `publish` waits while a reader is further behind than so many messages. */
  readonly highWater?: number;
  /** Headers that go on a message, and its partition where that is not its key's, given the message that it came of. */
  readonly stamp?: (message: Outgoing, from: Delivered | undefined) => Outgoing;
  /**
   * Called when a partition became this worker's, or is read again, before its first message. All that came of it is committed,
   * and can be read; nobody else writes to it.
   */
  readonly prepare?: (topic: string, partition: number, signal: AbortSignal) => Promise<void>;
  readonly watch?: Partial<Watch>;
}

/** Between two looks at how far readers are. */
const POLL_MS = 100;
/** A cluster's largest pause between two tries. */
const MAX_BACK_OFF_MS = 2000;

export function kafkaTransport({
  connection,
  writes,
  prefix = '',
  publisher: publisherName = connection.clientId,
  readers = {},
  highWater = 100_000,
  stamp = (message) => message,
  prepare = async () => undefined,
  watch = {},
  ...options
}: KafkaOptions): Transport {
  const subscription: SubscriptionOptions = {
    batch: 64,
    lingerMs: 20,
    inFlight: 2,
    attempts: 5,
    backOffMs: 100,
    drainMs: 6000,
    sessionTimeoutMs: 10_000,
    stallMs: 600_000,
    ...options,
  };
  const quick = kafkaClient(connection, 'transactions');
  const patient = kafkaClient(connection, 'patient');
  const log = connection.log ?? (() => undefined);
  const topicOf = (topic: string): string => prefix + topic;
  const groupOf = (group: string): string => prefix + group;
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  /** Groups that read each topic. */
  const groups = new Map(Object.entries(readers).map(([topic, names]) => [topic, new Set(names)]));
  /** What subscriptions died of: who waits for a reader that died waits for ever. */
  const failures: unknown[] = [];
  let admin: Promise<Admin> | undefined;

  function connected(): Promise<Admin> {
    admin ??= (async () => {
      const made = patient.admin();
      await made.connect();
      return made;
    })();
    admin.catch(() => {
      admin = undefined;
    });
    return admin;
  }

  /** A cluster that is away, or not ready yet, is waited for. */
  async function patiently<T>(ask: (admin: Admin) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await ask(await connected());
      } catch (error) {
        await backOff(error, tries, signal);
      }
    }
  }

  /** Opens the writer of an id, whose transactions move a group. */
  async function writerOf(
    id: string,
    place: { readonly group: string; readonly topic: string; readonly partition: number },
  ) {
    const { topics } = await (await connected()).fetchTopicMetadata({ topics: writes.map(topicOf) });
    const partitions = new Map(topics.map(({ name, partitions: { length } }) => [name.slice(prefix.length), length]));
    return openWriter({ client: quick, id: groupOf(id), topicOf, writes: partitions, place });
  }

  /** -1 where the group has no place yet. */
  async function placeOf(group: string, topic: string, partition: number): Promise<number> {
    const places = await placesOf(await connected(), groupOf(group), topicOf(topic));
    return places.get(partition) ?? -1;
  }

  /** Where a group begins that has no place yet, or one whose messages are gone. */
  async function beginning(group: string, topic: string, partition: number): Promise<number> {
    const place = await placeOf(group, topic, partition);
    const bounds = await (await connected()).fetchTopicOffsets(topicOf(topic));
    const own = bounds.find((one) => one.partition === partition);
    if (own === undefined) throw new Error(`${topicOf(topic)}/${partition}: the cluster does not say where it begins`);
    const low = Number(own.low);
    if (place >= 0 && place < low) {
      const lost = { group: groupOf(group), from: place, to: low };
      log('error', `${topicOf(topic)}/${partition}: messages were deleted before they were read`, lost);
    }
    return Math.max(place, low);
  }

  async function backOff(error: unknown, tries: number, signal: AbortSignal): Promise<void> {
    const refused = refusal(error);
    if (refused !== undefined) throw refused;
    log('warn', 'the cluster is asked again', { error: String(error) });
    await delay(Math.min(50 * 2 ** Math.min(tries, 10), MAX_BACK_OFF_MS), undefined, { signal });
  }

  function placed(message: Outgoing, from: Delivered | undefined): Outgoing {
    if (writes.includes(message.topic)) return stamp(message, from);
    throw new Error(`a message for ${message.topic}: expected one of the topics written to, ${writes.join(', ')}`);
  }

  const own = publisher({
    group: groupOf(`publisher.${publisherName}`),
    openWriter: () => {
      const id = `publisher.${publisherName}`;
      return writerOf(id, { group: groupOf(id), topic: writes[0] ?? '', partition: 0 });
    },
    placeOf: (_, topic) => placeOf(`publisher.${publisherName}`, topic, 0),
    backOff,
  });

  const lagsOf = (group: string, topic: string, signal: AbortSignal) =>
    patiently((asked) => lagOf(asked, groupOf(group), topicOf(topic)), signal);

  async function lag(topic: string, signal: AbortSignal): Promise<number> {
    const behind = [...(groups.get(topic) ?? [])].map(async (group) => {
      const partitions = await lagsOf(group, topic, signal);
      return partitions.reduce((sum, { lag: own }) => sum + own, 0);
    });
    return Math.max(0, ...(await Promise.all(behind)));
  }

  /** By topic. */
  const rooms = new Map<string, Room>();

  function roomOf(topic: string): Room {
    const known = rooms.get(topic);
    if (known !== undefined) return known;
    const made = room(highWater, async (signal) => {
      if (failures.length > 0) throw failures[0];
      return await lag(topic, signal);
    });
    rooms.set(topic, made);
    return made;
  }

  async function waitForRoom(messages: readonly Outgoing[], signal: AbortSignal): Promise<void> {
    for (const topic of new Set(messages.map((message) => message.topic))) {
      if (!groups.has(topic)) continue;
      await roomOf(topic).take(messages.filter((message) => message.topic === topic).length, signal);
    }
  }

  /** A missing topic is retried by kafkajs for longer than a person waits. */
  async function read(reading: Subscription, signal: AbortSignal): Promise<void> {
    const there = await patiently((asked) => topicsThere(asked, [reading.topicOnCluster]), signal);
    if (!there.has(reading.topicOnCluster)) {
      throw new ConfigError(
        `no topic ${reading.topicOnCluster} on the cluster: make it with \`deltasift topics create\``,
      );
    }
    await readOn(reading, signal);
  }

  return {
    async publish(messages, signal) {
      if (failures.length > 0) throw failures[0];
      await waitForRoom(messages, signal);
      await own.publish(
        messages.map((message) => placed(message, undefined)),
        signal,
      );
    },

    async subscribe(topic, group, handle, signal) {
      groups.set(topic, (groups.get(topic) ?? new Set()).add(group));
      const reading = read(
        {
          ...subscription,
          client: patient,
          topic,
          topicOnCluster: topicOf(topic),
          group: groupOf(group),
          handle: async (batch, abandoned) => {
            const lists = await handle(batch, abandoned);
            return lists.map((list, i) => fit(list, batch[i]!));
          },
          place: placed,
          openWriter: (partition) =>
            writerOf(`${group}.${topic}.${partition}`, { group: groupOf(group), topic, partition }),
          placeOf: (partition) => beginning(group, topic, partition),
          prepare: (partition, claiming) => prepare(topic, partition, claiming),
          watch: { ...unwatched, ...watch },
          log,
        },
        AbortSignal.any([signal, closing.signal]),
      );
      running.add(reading);
      try {
        await reading;
      } catch (error) {
        failures.push(error);
        throw error;
      } finally {
        running.delete(reading);
      }
    },

    async flush(signal) {
      await own.settle(signal);
      const targets = [...groups].flatMap(([topic, names]) => [...names].map((group) => ({ topic, group })));
      for (const { topic, group } of targets) {
        const ends = await lagsOf(group, topic, signal);
        for (;;) {
          if (failures.length > 0) throw failures[0];
          const places = await lagsOf(group, topic, signal);
          if (ends.every(({ partition, end }) => places.some((at) => at.partition === partition && at.next >= end)))
            break;
          await delay(POLL_MS, undefined, { signal });
        }
      }
    },

    async close() {
      closing.abort();
      await Promise.allSettled(running);
      await own.close();
      await (await admin?.catch(() => undefined))?.disconnect();
    },
  };
}
