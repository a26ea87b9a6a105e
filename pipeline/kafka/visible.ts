/** Which topics are on a cluster: it does not list those that a user may not see. */
import type { Admin } from 'kafkajs';

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
      if (!isUnknown(error)) throw error;
    }
  }
  return there;
}

function isUnknown(error: unknown): boolean {
  for (let at = error as { type?: string; cause?: unknown } | undefined; at; at = at.cause as typeof at) {
    if (at.type === 'UNKNOWN_TOPIC_OR_PARTITION') return true;
  }
  return false;
}
