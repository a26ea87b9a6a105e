/** kafkajs asks the brokers where a partition begins and ends once; a partition that is new has no leader yet, and one that moves has another. */
import { setTimeout as delay } from 'node:timers/promises';
import { again } from './again.ts';

interface Cluster {
  fetchTopicsOffset(topics: unknown): Promise<unknown>;
  refreshMetadata(): Promise<void>;
}

/** Types of Kafka's protocol that say that another broker, or the same one a moment later, would have answered. */
const ELSEWHERE: readonly unknown[] = [
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
];
const [TRIES, WAIT_MS] = [100, 100];

/** It looks up who leads the partitions now, and asks again: for ten seconds, then the error stands. */
export function mendLeaders(
  { prototype }: { readonly prototype: Cluster },
  wait: () => Promise<unknown> = () => delay(WAIT_MS),
): void {
  const { fetchTopicsOffset } = prototype;
  prototype.fetchTopicsOffset = function patiently(this: Cluster, topics: unknown) {
    return again(() => fetchTopicsOffset.call(this, topics), {
      tries: TRIES,
      helps: (error) => ELSEWHERE.includes((error as { readonly type?: unknown }).type),
      between: () => wait().then(() => this.refreshMetadata()),
    });
  };
}
