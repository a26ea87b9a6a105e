/** What goes through a topic of a cluster. It reads as a group of its own, commits nothing, and sees what is committed. */
import type { Kafka as Client } from 'kafkajs';
import { type Delivered, Reject } from '../contract.ts';
import { ConfigError } from '../error.ts';
import { type ClusterView, readAll } from '../kafka/read-all.ts';
import { topicsThere } from '../kafka/visible.ts';
import type { Wire } from '../kafka/wire.ts';
import { type Tapped, tappedOf } from './message.ts';

export interface ClusterTap extends ClusterView {
  readonly topic: string;
  readonly wire: Wire;
}

/** Offsets to look back for one message, since control records and what is not asked for take some as well. */
const LOOK_BACK = 50;

/** The newest messages that are asked for among the last ones of each partition, oldest first. */
export async function newestOfCluster(
  tap: ClusterTap,
  limit: number,
  asked: (message: Tapped) => boolean,
  signal: AbortSignal,
): Promise<readonly Tapped[]> {
  const found: Tapped[] = [];
  await read(
    tap,
    limit * LOOK_BACK,
    false,
    (message) => {
      if (!asked(message)) return;
      found.push(message);
      if (found.length > limit) found.shift();
    },
    signal,
  );
  return found;
}

/** What comes from now on, until `signal` aborts: it then rejects with the signal's reason. */
export async function followCluster(
  tap: ClusterTap,
  each: (message: Tapped) => void,
  signal: AbortSignal,
): Promise<void> {
  await read(tap, 0, true, each, signal);
}

async function read(
  { client, prefix, topic, wire }: ClusterTap,
  back: number,
  follow: boolean,
  each: (message: Tapped) => void,
  signal: AbortSignal,
): Promise<void> {
  const from = await startsOf(client, prefix + topic, back);
  const unframed = async (message: Delivered) => {
    const value = message.value === null ? null : await wire.unframe(message);
    each(value instanceof Reject ? tappedOf(message, value.reason) : tappedOf({ ...message, value }));
  };
  await readAll({ client, prefix }, { topic, from, follow, each: unframed }, signal);
}

/** By partition, so many offsets before its end. @throws ConfigError where the topic is not there */
async function startsOf(client: Client, topic: string, back: number): Promise<ReadonlyMap<number, number>> {
  const admin = client.admin();
  await admin.connect();
  try {
    if (!(await topicsThere(admin, [topic])).has(topic)) {
      throw new ConfigError(`no topic ${topic} on the cluster: \`deltasift topics describe\` lists those there are`);
    }
    const bounds = await admin.fetchTopicOffsets(topic);
    return new Map(bounds.map(({ partition, low, high }) => [partition, Math.max(Number(low), Number(high) - back)]));
  } finally {
    await admin.disconnect();
  }
}
