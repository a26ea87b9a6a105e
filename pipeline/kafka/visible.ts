/** Which topics are on a cluster: it does not list those that a user may not see. */
import type { Admin } from 'kafkajs';
import { isOfType } from './failure.ts';

/**
 * Those of these topics that are there.
 *
 * @throws the cluster's refusal where one of the others cannot be told from one that the user may not see
 */
export async function topicsThere(admin: Admin, names: readonly string[]): Promise<ReadonlySet<string>> {
  const there = new Set(await admin.listTopics());
  for (const name of names) {
    if (there.has(name)) continue;
    try {
      await admin.fetchTopicMetadata({ topics: [name] });
    } catch (error) {
      if (!isOfType(error, 'UNKNOWN_TOPIC_OR_PARTITION')) throw error;
    }
  }
  return there;
}
