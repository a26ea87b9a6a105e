/** A crawl that several processes share: the units of a source, by the partitions of the topic that keeps their cursors. */
import type { Outgoing, Source } from '../contract.ts';
import { crawl, type Follow, type Marks } from '../crawl/crawl.ts';
import { CRAWL_WRITES, DOCUMENTS } from '../crawl/group.ts';
import { CURSORS, type CursorMark, cursorKey, cursorMark } from '../store/messages.ts';
import { type KafkaConnection, kafkaClient } from './client.ts';
import { Partitioners } from './kafkajs.ts';
import { lagOf, placesOf } from './lag.ts';
import { lost, runLanes } from './lanes.ts';
import { readAll } from './read-all.ts';
import { room } from './room.ts';
import { openWriter } from './writer.ts';

export interface SharedCrawlOptions {
  readonly connection: KafkaConnection;
  readonly prefix: string;
  readonly dedup: boolean;
  /** Records of the source to read in all: one process reads then, and others wait. */
  readonly limit: number | undefined;
  readonly follow: Follow | undefined;
  /** Headers and framing of a message. */
  readonly stamp: (message: Outgoing) => Outgoing;
  readonly note: (sentence: string) => void;
  /** Told of the records of each transaction. */
  readonly onRead: (records: number) => void;
  /** Told of the messages of each transaction; of none when a partition of the source became this process's. */
  readonly onPublished?: (messages: readonly Outgoing[]) => void;
  readonly sessionTimeoutMs?: number;
}

/** The group whose lag says whether more may be published. */
const READER = 'tokenize';
const HIGH_WATER = 100_000;
const [UNDONE, DONE] = [0, 1];

/**
 * Resolves when all units are read, by whichever process; those of a process that died go to the others, which go on from its
 * cursors. A document goes out with the cursor behind it in one transaction, and nobody but the owner of the cursor's partition
 * can write one: see decisions/0006.
 */
export async function sharedCrawl(source: Source, options: SharedCrawlOptions, signal: AbortSignal): Promise<void> {
  const { connection, prefix, dedup, limit, follow, stamp, note, onRead, onPublished = () => undefined } = options;
  const quick = kafkaClient(connection, 'transactions');
  const patient = kafkaClient(connection, 'patient');
  const topicOf = (topic: string) => prefix + topic;
  const admin = patient.admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: CRAWL_WRITES.map(topicOf) });
    const writes = new Map(topics.map(({ name, partitions }) => [name.slice(prefix.length), partitions.length]));
    const partitionOf = partitioner(writes.get(CURSORS)!);
    const forDocuments = room(HIGH_WATER, async () => {
      const lags = await lagOf(admin, topicOf(READER), topicOf(DOCUMENTS));
      return lags.reduce((sum, { lag }) => sum + lag, 0);
    });
    const id = `crawl.${source.name}`;
    /** Its place in a partition says whether all units there are read: DONE or UNDONE. */
    const doneGroup = topicOf(`done.${id}`);

    /** Ends what a former owner left open, and fences it. */
    async function openLane(partition: number) {
      const place = { group: topicOf(`publisher.${id}`), topic: CURSORS, partition };
      const isDone = { group: doneGroup, topic: CURSORS, partition };
      const transactionalId = topicOf(`${id}.${partition}`);
      const writer = await openWriter({ client: quick, id: transactionalId, topicOf, writes, place });
      let last = 0; // transactions are counted, as a group's place
      try {
        const places = await placesOf(admin, place.group, topicOf(CURSORS));
        last = places.get(partition) ?? 0;
        await writer.commit([], { ...isDone, next: UNDONE });
      } catch (error) {
        await writer.close().catch(() => undefined);
        throw error;
      }
      return {
        partition,
        close: () => writer.close(),
        done: () => writer.commit([], { ...isDone, next: DONE }),
        commit: (messages: readonly Outgoing[]) => writer.commit(messages, { ...place, next: ++last }),
      };
    }

    async function marksOf(partitions: readonly number[], stop: AbortSignal): Promise<Map<string, CursorMark>> {
      const marks = new Map<string, CursorMark>();
      const from = new Map(partitions.map((partition) => [partition, 0]));
      await readAll(
        { client: patient, prefix },
        {
          topic: CURSORS,
          from,
          each(message) {
            const mark = cursorMark(message);
            if (mark.source === source.name && message.value !== null) marks.set(mark.unit, mark);
          },
        },
        stop,
      );
      return marks;
    }

    async function work(partitions: readonly number[], stop: AbortSignal): Promise<void> {
      const lanes: Awaited<ReturnType<typeof openLane>>[] = [];
      try {
        for (const partition of partitions) lanes.push(await openLane(partition).catch(raise));
        const kept = await marksOf(partitions, stop).catch(raise);
        const marks: Marks = {
          mark: (_, unit) => kept.get(unit),
          read: () => [...kept.values()].reduce((sum, { read }) => sum + read, 0),
        };
        const crawlLane = async ({ partition, commit, done }: (typeof lanes)[number]) => {
          onPublished([]);
          const publish = async (messages: readonly Outgoing[], abandoned: AbortSignal) => {
            await forDocuments.take(messages.filter(({ topic }) => topic === DOCUMENTS).length, abandoned);
            const placed = messages.map((message) =>
              message.topic === CURSORS ? { ...stamp(message), partition } : stamp(message),
            );
            await commit(placed).catch(raise);
            onPublished(messages);
            for (const message of messages) if (message.topic === CURSORS) keep(kept, cursorMark(message), onRead);
          };
          const share = shareOf(source, (unit) => partitionOf(cursorKey(source.name, unit)) === partition);
          await crawl(share, { publish }, { marks, dedup, limit, follow }, stop);
          stop.throwIfAborted();
          await done().catch(raise);
        };
        if (limit !== undefined) for (const lane of lanes) await crawlLane(lane);
        else await allOrNone(lanes.map(crawlLane));
      } finally {
        await Promise.allSettled(lanes.map(({ close }) => close()));
      }
    }

    await runLanes(
      {
        client: patient,
        topicOnCluster: topicOf(CURSORS),
        group: topicOf(id),
        alone: limit !== undefined,
        sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
        work,
        allDone: async () => {
          const places = await placesOf(admin, doneGroup, topicOf(CURSORS));
          return [...places.values()].filter((next) => next === DONE).length === writes.get(CURSORS);
        },
        note,
      },
      signal,
    );
  } finally {
    await admin.disconnect();
  }
}

function keep(kept: Map<string, CursorMark>, mark: CursorMark, onRead: (records: number) => void): void {
  onRead(mark.read - (kept.get(mark.unit)?.read ?? 0));
  kept.set(mark.unit, mark);
}

function raise(error: unknown): never {
  throw lost(error);
}

/** Rejects with the first failure, once all have ended. */
async function allOrNone(all: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(all);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** The same source with these units alone; one without units is a unit itself. */
function shareOf(source: Source, isOwn: (unit: string) => boolean): Source {
  const { units } = source;
  if (units === undefined) return isOwn('') ? source : { name: source.name, units: none, read: none };
  return {
    name: source.name,
    ...(source.waits === undefined ? {} : { waits: source.waits }),
    read: none,
    async *units(follow, signal) {
      for await (const unit of units.call(source, follow, signal)) if (isOwn(unit.name)) yield unit;
    },
  };
}

async function* none(): AsyncGenerator<never> {}

/** As every Kafka client places a key. */
function partitioner(partitions: number): (key: string) => number {
  const place = Partitioners.DefaultPartitioner();
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 0,
    replicas: [0],
    isr: [0],
  }));
  return (key) => place({ topic: CURSORS, partitionMetadata, message: { key, value: null } });
}
