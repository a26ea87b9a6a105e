import type { Clock } from '../../../stages/sources/fetch/clock.ts';

export interface FakeClock extends Clock {
  /** ms slept each time. */
  readonly sleeps: number[];
}

/** Nobody waits, and no time passes. */
export const stillClock: Clock = { ...fakeClock(), now: () => Date.UTC(2024, 0, 1) };

/** Nobody waits: sleeping moves the time on. Chance is always one half. */
export function fakeClock(start = Date.UTC(2024, 0, 1)): FakeClock {
  const sleeps: number[] = [];
  let now = start;
  return {
    sleeps,
    now: () => now,
    random: () => 0.5,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      sleeps.push(ms);
      now += ms;
    },
  };
}
