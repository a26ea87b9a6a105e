/** What a crawl into a cluster tells Prometheus. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Outgoing } from '../contract.ts';
import { documentCounter } from './documents.ts';
import type { Probes } from './metrics.ts';

export interface CrawlMetrics {
  readonly registry: Registry;
  /** Ready once it has taken over from whoever crawled the source before. */
  readonly probes: Probes;
  /** Takes a transaction that was published; the first one may be empty. */
  published(messages: readonly Outgoing[]): void;
}

/** @param clock seconds since 1970 */
export function crawlMetrics(clock: () => number): CrawlMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const documents = documentCounter(registry);
  const last = new Gauge({
    name: 'deltasift_last_progress_seconds',
    help: 'When something was last published, in seconds since 1970.',
    labelNames: ['leg'],
    registers: [registry],
  });
  let ready = false;

  return {
    registry,
    probes: { healthy: () => true, ready: () => ready },

    published(messages) {
      ready = true;
      if (messages.length === 0) return;
      last.set({ leg: 'crawl' }, clock());
      documents.add(messages);
    },
  };
}
