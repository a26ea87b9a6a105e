/** The transports that alerts of an embedded scan take. */
import type { Transport } from '../contract.ts';
import type { Scan } from '../store/scan.ts';
import type { Bell } from './bell.ts';
import { embeddedTransport } from './embedded.ts';

/** Alerts to a digest, at most. */
export const DIGEST = 1000;

/**
 * Each alert goes out by itself as it comes; what is held is handed over when the oldest has waited for as long as a digest takes.
 *
 * @param changed rung by whatever else writes to the scan
 */
export function alertTransports(
  scan: Scan,
  digestSeconds: number,
  changed: Bell,
): Readonly<Record<'alerts' | 'digest', Transport>> {
  return {
    alerts: embeddedTransport(scan, { batch: 1, first: 1, changed }),
    digest: embeddedTransport(scan, { batch: DIGEST, first: DIGEST, lingerMs: digestSeconds * 1000, changed }),
  };
}

/** Forgets the readers of a topic that are not among these: a sink that was taken out of the config is told nothing more. */
export function leaveAllBut(scan: Scan, readers: readonly { readonly topic: string; readonly group: string }[]): void {
  const topics = new Set(readers.map(({ topic }) => topic));
  scan.commit(() => {
    for (const place of scan.log.places()) {
      const isKnown = readers.some(({ topic, group }) => place.topic === topic && place.group === group);
      if (topics.has(place.topic) && !isKnown) scan.log.leave(place.topic, place.group);
    }
  });
}
