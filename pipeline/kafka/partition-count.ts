/** How many partitions a topic has. */
import { ConfigError } from '../error.ts';
import type { ClusterView } from './read-all.ts';
import { topicsThere } from './visible.ts';

/** @throws ConfigError where the cluster has no such topic, or does not let the user see it */
export async function partitionCount({ client, prefix }: ClusterView, topic: string): Promise<number> {
  const topicOnCluster = prefix + topic;
  const admin = client.admin();
  await admin.connect();
  try {
    if (!(await topicsThere(admin, [topicOnCluster])).has(topicOnCluster)) {
      throw new ConfigError(`no topic ${topicOnCluster} on the cluster: make it with \`deltasift topics create\``);
    }
    const { topics } = await admin.fetchTopicMetadata({ topics: [topicOnCluster] });
    return topics[0]!.partitions.length;
  } finally {
    await admin.disconnect();
  }
}
