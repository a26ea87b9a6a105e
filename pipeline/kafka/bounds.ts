/** Which offsets of a topic there are. */
import { ofTopic } from './failure.ts';
import type { ClusterView } from './read-all.ts';

export interface Bounds {
  readonly partition: number;
  /** Of the oldest message kept. */
  readonly low: number;
  /** Behind the newest that a reader of committed messages may read. */
  readonly high: number;
}

/** @param topic named without the prefix */
export async function boundsOf({ client, prefix }: ClusterView, topic: string): Promise<readonly Bounds[]> {
  const admin = client.admin();
  await admin.connect();
  const bounds = await admin
    .fetchTopicOffsets(prefix + topic)
    .catch((error: unknown) => {
      throw ofTopic(error, prefix + topic);
    })
    .finally(() => admin.disconnect());
  return bounds.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }));
}
