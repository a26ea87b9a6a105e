/** What goes through a topic of a store, also while a scan writes to it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { TopicRow, TopicRows } from '../store/topics.ts';
import { type Tapped, tappedOf } from './message.ts';

export interface StoreTap {
  readonly topic: string;
  readonly rows: TopicRows;
  /** Another number whenever something was committed. */
  readonly version: () => number;
}

/** Between two looks at the store. */
const LOOK_MS = 200;

/** The newest messages that are asked for, oldest first. */
export function newestOfStore(
  { topic, rows }: StoreTap,
  limit: number,
  asked: (message: Tapped) => boolean,
): readonly Tapped[] {
  for (let size = limit; ; size *= 4) {
    const read = rows.newest(size);
    const found = read.map((row) => tappedRow(topic, row)).filter(asked);
    if (found.length >= limit || read.length < size) return found.slice(-limit);
  }
}

/**
 * What comes from now on, until `signal` aborts. It holds nothing up: of a topic whose messages are let go once they are handled, as
 * `documents`, those that were handled between two looks are not seen.
 */
export async function* followStore({ topic, rows, version }: StoreTap, signal: AbortSignal): AsyncGenerator<Tapped> {
  const places = rows.now();
  for (let at = version(); ; ) {
    const found = rows.after(places);
    for (const row of found) {
      places.set(row.partition, row.offset);
      yield tappedRow(topic, row);
    }
    while (found.length === 0 && version() === at) await delay(LOOK_MS, undefined, { signal });
    signal.throwIfAborted();
    at = version();
  }
}

function tappedRow(topic: string, row: TopicRow): Tapped {
  const { partition, offset, key, headers, value, decoded } = row;
  if (decoded === undefined) return tappedOf({ topic, partition, offset, key, headers, value });
  return { topic, place: `${partition}/${offset}`, key, headers, bytes: null, value: decoded, fault: null };
}
