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
}

export interface LiveLeg {
  readonly handle: Handle;
  close(): Promise<void>;
}

const COMMIT_POLL_MS = 5;
const DELTAS_POLL_MS = 500;

/**
 * Between two batches it looks whether the deltas changed. If so, the leg is opened anew once all before is committed: what its
 * stages remember is read from the store. Without any delta it waits for one.
 *
 * @param first the leg for the deltas as they are
 */
export function liveLeg(first: OpenedLeg | undefined, { version, committed, open }: LiveLegOptions): LiveLeg {
  let current = first;
  let at = version();

  async function swap(offset: number, signal: AbortSignal): Promise<void> {
    while (committed() < offset) await delay(COMMIT_POLL_MS, undefined, { signal });
    const closing = current;
    current = undefined; // where opening fails, the next batch tries again
    await closing?.close();
    at = version();
    current = await open(signal);
  }

  return {
    async handle(batch, signal) {
      const [message] = batch;
      while (message !== undefined && (current === undefined || version() !== at)) {
        if (version() !== at || current === undefined) await swap(message.offset, signal);
        if (current === undefined) await delay(DELTAS_POLL_MS, undefined, { signal });
      }
      return current === undefined ? [] : current.handle(batch, signal);
    },

    async close() {
      await current?.close();
    },
  };
}
