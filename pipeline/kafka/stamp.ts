/** Headers of every message on the cluster, and the partition of those that stay with what they came of. */

import { currentFingerprint } from '../../schemas/schemas.ts';
import { topicOf } from '../../schemas/topics.ts';
import type { Delivered, Outgoing } from '../contract.ts';

/**
 * `schema`: the writer's schema, for readers with another; `came-from`: the topic, partition and offset of the message that it was
 * made of. Others, traceparent among them, are handed on by the legs.
 */
export function stamp(message: Outgoing, from: Delivered | undefined): Outgoing {
  const topic = topicOf(message.topic);
  const schema = topic?.schema == null || message.value === null ? {} : { schema: currentFingerprint(topic.schema) };
  if (from === undefined) return { ...message, headers: { ...message.headers, ...schema } };
  const cameFrom = `${from.topic}/${from.partition}/${from.offset}`;
  return {
    ...message,
    headers: { ...message.headers, ...schema, 'came-from': cameFrom },
    ...(topic?.partitionBy === 'input' ? { partition: from.partition } : {}),
  };
}
