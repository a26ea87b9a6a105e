/** How far the legs on a cluster are, as `deltasift lag` says it. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** Of one topic that one leg reads. */
export interface Lag {
  readonly leg: string;
  /** Messages not read yet. */
  readonly lag: number;
  /** Messages there are. */
  readonly end: number;
}

const LOOK_MS = 500;

/**
 * Waits until what is asked for holds, asking twice a second.
 *
 * @param ask what `deltasift lag --json` printed
 */
export async function untilLag(
  ask: () => Promise<string>,
  holds: (rows: readonly Lag[]) => boolean,
  worker?: ChildProcess,
): Promise<void> {
  for (;;) {
    if (holds(JSON.parse(await ask()) as readonly Lag[])) return;
    await delay(LOOK_MS);
    if (worker !== undefined) assert.equal(worker.exitCode, null, 'the worker ended');
  }
}

/** There was something, and all of it is read. */
export function allRead(rows: readonly Lag[]): boolean {
  return rows.some(({ end }) => end > 0) && rows.every(({ lag }) => lag === 0);
}

/** Something was read. */
export function someRead(rows: readonly Lag[]): boolean {
  return rows.some(({ lag, end }) => lag < end);
}
