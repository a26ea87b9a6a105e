/** What a worker tells Prometheus, and those who ask whether it lives. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Watch } from '../kafka/watch.ts';
import { documentCounter } from './documents.ts';
import type { Probes } from './metrics.ts';

export interface WorkerMetricsOptions {
  readonly legs: readonly string[];
  /** Messages that wait for a leg, in all partitions of its topic. */
  readonly lag: (leg: string) => Promise<number>;
  /** Seconds since 1970. */
  readonly clock: () => number;
}

export interface WorkerMetrics {
  readonly registry: Registry;
  readonly probes: Probes;
  /** What a leg's subscription is to tell. */
  watch(leg: string): Watch;
  scored(tokens: number): void;
}

/** A consumer that has neither tried nor heard anything for so long is stuck, and its process is to be started anew. */
const SILENCE_S = 180;

export function workerMetrics({ legs, lag, clock }: WorkerMetricsOptions): WorkerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['leg'] as const;
  collectDefaultMetrics({ register: registry });

  const documents = documentCounter(registry);
  const messages = new Counter({
    name: 'deltasift_messages_total',
    help: 'Messages handled and committed.',
    labelNames,
    registers,
  });
  const batches = new Histogram({
    name: 'deltasift_batch_messages',
    help: 'Messages to a batch.',
    labelNames,
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  });
  const waited = new Histogram({
    name: 'deltasift_queue_seconds',
    help: 'From the fetch of the message of a batch that waited longest to the first stage.',
    labelNames,
    buckets: SECONDS,
    registers,
  });
  const took = new Histogram({
    name: 'deltasift_batch_seconds',
    help: 'Time a batch took in the stages.',
    labelNames,
    buckets: SECONDS,
    registers,
  });
  const tokens = new Counter({ name: 'deltasift_tokens_total', help: 'Tokens the model has run on.', registers });
  const partitions = new Gauge({
    name: 'deltasift_partitions',
    help: 'Partitions that are read by this worker.',
    labelNames,
    registers,
  });
  const last = new Gauge({
    name: 'deltasift_last_progress_seconds',
    help: 'When something was last committed, in seconds since 1970: alert where it stands still while messages wait.',
    labelNames,
    registers,
  });
  new Gauge({
    name: 'deltasift_lag_messages',
    help: 'Messages that wait for a leg, in all partitions; the last value known where the cluster does not answer.',
    labelNames,
    registers,
    async collect() {
      const lags = await Promise.allSettled(legs.map(lag));
      for (const [i, asked] of lags.entries()) {
        if (asked.status === 'fulfilled') this.set({ leg: legs[i]! }, asked.value);
      }
    },
  });

  const alive = new Map(legs.map((leg) => [leg, clock()]));
  /** Legs that read all of their partitions; one may have none where there are more workers than partitions. */
  const ready = new Set<string>();

  return {
    registry,

    probes: {
      healthy: () => legs.every((leg) => clock() - alive.get(leg)! < SILENCE_S),
      ready: () => legs.every((leg) => ready.has(leg)),
    },

    watch: (leg) => ({
      alive: () => alive.set(leg, clock()),
      partitions(assigned, prepared) {
        partitions.set({ leg }, prepared);
        if (prepared === assigned) ready.add(leg);
        else ready.delete(leg);
      },
      handled(batch) {
        batches.observe({ leg }, batch.messages);
        waited.observe({ leg }, batch.waitedMs / 1000);
        took.observe({ leg }, batch.tookMs / 1000);
      },
      committed(commit) {
        messages.inc({ leg }, commit.messages);
        last.set({ leg }, clock());
        documents.add(commit.outgoing);
      },
    }),

    scored: (count) => tokens.inc(count),
  };
}

const SECONDS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];
