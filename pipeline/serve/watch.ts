/** Looks at the store once a second while somebody else writes to it: what changed, and what it was like over the last minutes. */

import { isOfDocuments, standOf } from '../legs/tally.ts';
import { mostWaiting, type StoreView } from '../store/view.ts';
import type { Sample } from './sample.ts';

export interface Watch {
  /** The last minutes, oldest first; the last one is as it is now. */
  history(): readonly Sample[];
  /** Calls with every sample that differs from the one before, until the function returned is called. */
  subscribe(tell: (sample: Sample) => void): () => void;
  close(): void;
}

export interface WatchOptions {
  readonly view: StoreView;
  readonly clock: () => number;
  /** Scored documents of a delta. */
  readonly documents: (delta: string) => number;
  readonly intervalMs?: number;
}

/** Samples kept: a quarter of an hour of them. */
const KEPT = 900;
const INTERVAL_MS = 1000;

export function watch({ view, clock, documents, intervalMs = INTERVAL_MS }: WatchOptions): Watch {
  const listeners = new Set<(sample: Sample) => void>();
  const samples: Sample[] = [];
  let version = Number.NaN;

  function look(): void {
    const now = view.version();
    const last = samples.at(-1);
    const changed = now !== version || last === undefined;
    version = now;
    const sample = changed ? sampleOf() : { ...last, at: clock() };
    samples.push(sample);
    if (samples.length > KEPT) samples.shift();
    if (changed) for (const tell of listeners) tell(sample);
  }

  function sampleOf(): Sample {
    const counts = view.store.counts();
    const into = counts.filter((count) => count.outcome === 'in' && isOfDocuments(count));
    return {
      at: clock(),
      read: view.read(),
      waiting: mostWaiting(view),
      ...standOf(counts),
      revision: view.revision(),
      deltas: view.store.deltasVersion(),
      documents: Object.fromEntries(view.store.deltas().map(({ id }) => [id, documents(id)])),
      stages: Object.fromEntries(into.map(({ stage, n }) => [stage, n])),
      bytes: view.bytes(),
    };
  }

  look();
  const timer = setInterval(look, intervalMs);
  timer.unref();

  return {
    history: () => samples,
    subscribe(tell) {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    close: () => clearInterval(timer),
  };
}
