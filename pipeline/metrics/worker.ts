/** What a worker tells Prometheus, and those who ask whether it lives. */
import type { Registry } from 'prom-client';
import type { Watch } from '../kafka/watch.ts';
import type { LegPlan } from '../topology.ts';
import { alertCounter } from './alerts.ts';
import { watchCommitted } from './committed.ts';
import { documentCounter } from './documents.ts';
import { registerMetrics } from './register.ts';
import type { Probes } from './server.ts';
import { type BatchWatch, watchBatches } from './stages.ts';

type ReadingLeg = Pick<LegPlan, 'name' | 'steps' | 'sink'>;

export interface WorkerMetricsOptions {
  readonly legs: readonly ReadingLeg[];
  /** Messages that wait for a leg, in all partitions of its topic. */
  readonly lag: (leg: string) => Promise<number>;
  /** Seconds since 1970. */
  readonly clock: () => number;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

export interface WorkerMetrics extends Omit<BatchWatch, 'batch'> {
  readonly registry: Registry;
  readonly probes: Probes;
  /** What a leg's subscription is to tell. */
  watch(leg: string): Watch;
}

/** A consumer that has neither tried nor heard anything for so long is stuck, and its process is to be started anew. */
const SILENCE_S = 180;

/** Whom a leg tells, as the metrics have it. */
function sinkOf({ steps, sink }: ReadingLeg): string | undefined {
  return steps.includes('digest') ? 'digest' : sink;
}

export function workerMetrics({ legs: plans, lag, clock, now }: WorkerMetricsOptions): WorkerMetrics {
  const legs = plans.map(({ name }) => name);
  const metrics = registerMetrics('worker');
  const { batch, ...watches } = watchBatches(metrics, now);
  const documents = documentCounter(metrics);
  const messages = metrics.counter('deltasift_messages_total');
  const waited = metrics.histogram('deltasift_queue_seconds');
  const partitions = metrics.gauge('deltasift_partitions');
  const last = metrics.gauge('deltasift_last_progress_seconds');
  const lagging = metrics.gauge('deltasift_lag_messages');
  metrics.onScrape('deltasift_lag_messages', () => eachLag(plans, ({ name }, n) => lagging.set({ leg: name }, n)));
  const outbox = metrics.gauge('deltasift_outbox_alerts');
  const telling = plans.filter((leg) => sinkOf(leg) !== undefined);
  metrics.onScrape('deltasift_outbox_alerts', () =>
    eachLag(telling, (leg, n) => outbox.set({ sink: sinkOf(leg)! }, n)),
  );
  const alerts = alertCounter(metrics);
  const committed = watchCommitted(metrics);

  const alive = new Map(legs.map((leg) => [leg, clock()]));
  /** Legs that read all of their partitions; one may have none where there are more workers than partitions. */
  const ready = new Set<string>();

  /** Those that the cluster answers of. */
  async function eachLag(of: readonly ReadingLeg[], set: (leg: ReadingLeg, messages: number) => void): Promise<void> {
    const lags = await Promise.allSettled(of.map(({ name }) => lag(name)));
    for (const [i, asked] of lags.entries()) if (asked.status === 'fulfilled') set(of[i]!, asked.value);
  }

  return {
    registry: metrics.registry,
    ...watches,

    probes: {
      healthy: () => legs.every((leg) => clock() - alive.get(leg)! < SILENCE_S),
      ready: () => legs.every((leg) => ready.has(leg)),
    },

    watch: (leg) => ({
      alive: () => alive.set(leg, clock()),
      partitions(assigned, prepared) {
        partitions.set({ leg }, prepared);
        committed.forget();
        if (prepared === assigned) ready.add(leg);
        else ready.delete(leg);
      },
      handled(handled) {
        batch(leg, handled);
        waited.observe({ leg }, handled.waitedMs / 1000);
      },
      committed(commit) {
        messages.inc({ leg }, commit.messages);
        last.set({ leg }, clock());
        documents.add(commit.outgoing);
        alerts.add(commit.outgoing);
        committed.add(commit);
      },
    }),
  };
}
