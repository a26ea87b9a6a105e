/** The leg of a scan whose deltas may come and go while it runs. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Handle } from '../contract.ts';

export interface OpenedLeg {
  readonly handle: Handle;
  close(): Promise<void>;
}

export interface LiveLegOptions {
  /** Goes up whenever the deltas change. */
  readonly version: () => number;
  /** Offset of the next message to be committed. */
  readonly committed: () => number;
  /** The leg for the deltas as they are now; undefined where there is none to score against. */
  readonly open: (signal: AbortSignal) => Promise<OpenedLeg | undefined>;
  /** The leg was opened anew; whether there is any delta to score against. */
  readonly changed: (any: boolean) => void;
}

const COMMIT_POLL_MS = 5;
const DELTAS_POLL_MS = 500;

/**
 * Between two batches it looks whether the deltas changed. If so, the leg is opened anew once all before is committed: what its
 * stages remember is read from the store. Without any delta it waits for one. Opening that failed is tried again by the next batch.
 */
export async function liveLeg(
  { version, committed, open, changed }: LiveLegOptions,
  signal: AbortSignal,
): Promise<OpenedLeg> {
  /** Read before the leg is opened: what changes meanwhile opens it once more. */
  let at = version();
  let current = await open(signal);

  async function openAnew(offset: number, ending: AbortSignal): Promise<void> {
    while (committed() < offset) await delay(COMMIT_POLL_MS, undefined, { signal: ending });
    const before = current;
    current = undefined;
    await before?.close();
    const next = version();
    current = await open(ending);
    at = next;
    changed(current !== undefined);
  }

  return {
    async handle(batch, ending) {
      const [message] = batch;
      if (message === undefined) return [];
      for (;;) {
        if (version() !== at) await openAnew(message.offset, ending);
        else if (current !== undefined) return current.handle(batch, ending);
        else await delay(DELTAS_POLL_MS, undefined, { signal: ending });
      }
    },

    async close() {
      await current?.close();
    },
  };
}
