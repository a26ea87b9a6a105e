/** How far a group is behind in a topic. */
import type { Admin } from 'kafkajs';

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
  const [bounds, [places]] = await Promise.all([
    admin.fetchTopicOffsets(topic),
    admin.fetchOffsets({ groupId: group, topics: [topic] }),
  ]);
  return bounds
    .map(({ partition, low, high }) => {
      const committed = Number(places?.partitions.find((one) => one.partition === partition)?.offset ?? -1);
      const next = Math.max(committed, Number(low));
      const end = Number(high);
      return { partition, next, end, lag: end - next };
    })
    .sort((a, b) => a.partition - b.partition);
}
