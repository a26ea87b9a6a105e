/** What a crawl into a cluster tells Prometheus. */
import type { Registry } from 'prom-client';
import type { Outgoing } from '../contract.ts';
import { documentCounter } from './documents.ts';
import { registerMetrics } from './register.ts';
import type { Probes } from './server.ts';

export interface CrawlMetrics {
  readonly registry: Registry;
  /** Ready once it has taken over from whoever crawled the source before. */
  readonly probes: Probes;
  /** Takes a transaction that was published; the first one may be empty. */
  published(messages: readonly Outgoing[]): void;
}

/** @param clock seconds since 1970 */
export function crawlMetrics(clock: () => number): CrawlMetrics {
  const metrics = registerMetrics('crawl');
  const documents = documentCounter(metrics);
  const last = metrics.gauge('deltasift_last_progress_seconds');
  let ready = false;

  return {
    registry: metrics.registry,
    probes: { healthy: () => true, ready: () => ready },

    published(messages) {
      ready = true;
      if (messages.length === 0) return;
      last.set({ leg: 'crawl' }, clock());
      documents.add(messages);
    },
  };
}
