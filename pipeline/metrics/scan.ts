/** What a running scan tells Prometheus. */
import type { Registry } from 'prom-client';
import type { Handle } from '../contract.ts';
import type { StoreView } from '../store/view.ts';
import { registerMetrics } from './register.ts';
import { type BatchWatch, watchBatches } from './stages.ts';
import { countStore, watchStore } from './store.ts';

export interface ScanMetricsOptions {
  /** Name of the group that scores documents: its leg. */
  readonly leg: string;
  /** Seconds since 1970. */
  readonly clock: () => number;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

export interface ScanMetrics extends Omit<BatchWatch, 'batch'> {
  readonly registry: Registry;
  /** Tells from now on what the scan's store holds. */
  watch(view: StoreView): void;
  /** A handler that tells of its batches. */
  timed(handle: Handle): Handle;
  /** All that there was of the source was read. */
  waits(): void;
}

export function scanMetrics({ leg, clock, now }: ScanMetricsOptions): ScanMetrics {
  const metrics = registerMetrics('scan');
  const { batch, ...watches } = watchBatches(metrics, now);
  const messages = metrics.counter('deltasift_messages_total');
  const last = metrics.gauge('deltasift_last_progress_seconds');
  const looked = metrics.gauge('deltasift_last_look_seconds');

  return {
    registry: metrics.registry,
    ...watches,
    watch(view) {
      countStore(metrics, view);
      watchStore(metrics, view);
    },

    timed: (handle) => async (given, signal) => {
      const start = now();
      const lists = await handle(given, signal);
      batch(leg, { messages: given.length, tookMs: now() - start });
      messages.inc({ leg }, given.length);
      last.set({ leg }, clock());
      return lists;
    },

    waits: () => looked.set(clock()),
  };
}
