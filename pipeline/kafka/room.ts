/** How much may be published before readers have to catch up. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Room {
  /** Resolves when so many more messages may go out; rejects when `signal` aborts. */
  take(messages: number, signal: AbortSignal): Promise<void>;
}

/** Between two looks at how far readers are. */
const POLL_MS = 100;

/** @param lag messages that the slowest reader is behind */
export function room(highWater: number, lag: (signal: AbortSignal) => Promise<number>): Room {
  let left = 0;
  return {
    async take(messages, signal) {
      while (left <= 0) {
        left = highWater - (await lag(signal));
        if (left <= 0) await delay(POLL_MS, undefined, { signal });
      }
      left -= messages;
    },
  };
}
