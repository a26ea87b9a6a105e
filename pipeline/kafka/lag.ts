/** How far a group is behind in a topic. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { again } from './again.ts';
import { ofTopic } from './failure.ts';

export interface PartitionLag {
  readonly partition: number;
  /** The next offset that the group reads; that of the oldest message where it has read none. */
  readonly next: number;
  /** Up to where a reader of committed messages may read now. */
  readonly end: number;
  /** Messages and control records in between. */
  readonly lag: number;
}

/** @param topic the topic's name on the cluster */
export async function lagOf(admin: Admin, group: string, topic: string): Promise<readonly PartitionLag[]> {
  const places = await placesOf(admin, group, topic); // first: what came of a message counts where the message does not any more
  const bounds = await admin.fetchTopicOffsets(topic).catch((error: unknown) => {
    throw ofTopic(error, topic);
  });
  if (bounds.length === 0) throw unknown(topic);
  return bounds
    .map(({ partition, low, high }) => {
      const next = Math.max(places.get(partition) ?? -1, Number(low));
      const end = Number(high);
      return { partition, next, end, lag: end - next };
    })
    .sort((a, b) => a.partition - b.partition);
}

/** While a broker starts, the group's coordinator is elsewhere, or not ready: kafkajs does not ask again. */
const TRANSIENT = /COORDINATOR|LOAD_IN_PROGRESS/;
const PATIENCE = {
  tries: 60,
  helps: (error: unknown) => TRANSIENT.test((error as { readonly type?: string }).type ?? ''),
  between: () => delay(100),
};

/** The next offset that a group reads, by partition; those where it has read nothing are left out. */
export async function placesOf(admin: Admin, group: string, topic: string): Promise<ReadonlyMap<number, number>> {
  const [places] = await again(() => admin.fetchOffsets({ groupId: group, topics: [topic] }), PATIENCE);
  if (places === undefined || places.partitions.length === 0) throw unknown(topic);
  const known = places.partitions.filter(({ offset }) => Number(offset) >= 0);
  return new Map(known.map(({ partition, offset }) => [partition, Number(offset)]));
}

/** kafkajs knows no partition of a topic while it looks for a broker, and then asks about none. */
const unknown = (topic: string) => new Error(`the partitions of ${topic} are not known yet`);
