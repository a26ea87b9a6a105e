import { setTimeout as sleep } from 'node:timers/promises';

/** Time and chance, as whoever waits for servers needs them. */
export interface Clock {
  /** ms since 1970 */
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
}

export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};
