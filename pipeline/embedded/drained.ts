/** Waits for readers of the embedded log. */

import type { Log } from '../store/log.ts';
import type { Bell } from './bell.ts';

/** Messages of a topic that its slowest group has still to handle. */
export function waitingFor(log: Log, topic: string): number {
  const behind = log.places().map((place) => (place.topic === topic ? log.head(topic) - place.next : 0));
  return Math.max(0, ...behind);
}

/** Resolves once none of a topic's messages is left, or `signal` aborts. */
export async function drained(log: Log, topic: string, changed: Bell, signal: AbortSignal): Promise<void> {
  await changed.until(() => waitingFor(log, topic) === 0, signal).catch(() => undefined);
}
