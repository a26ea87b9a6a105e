import type { Clock } from './clock.ts';

/** Tries in a row that bring nothing. */
export const ATTEMPTS = 5;
const FIRST_MS = 500;
const MOST_MS = 60_000;

/** ms to wait after `failures` in a row: half of it for certain, the rest by chance, so that those who failed together part. */
export function backoffMs(failures: number, clock: Clock): number {
  return Math.min(MOST_MS, FIRST_MS * 2 ** (failures - 1)) * (0.5 + clock.random() / 2);
}

/** Waits so long; throws `error` where there have been too many. */
export async function backOff(failures: number, error: Error, clock: Clock, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (failures >= ATTEMPTS) throw error;
  await clock.sleep(backoffMs(failures, clock), signal);
}
