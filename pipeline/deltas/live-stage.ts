/** A stage that is opened anew, between two batches, whenever what it is made of changed. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome, Stage } from '../contract.ts';

export interface LiveStageOptions<In, Out> {
  readonly name: string;
  /** Goes up whenever the stage has to be made anew. */
  readonly version: () => number;
  /** Undefined where there is nothing to do yet: batches wait. */
  readonly open: (signal: AbortSignal) => Promise<Stage<In, Out> | undefined>;
}

export interface LiveStage<In, Out> extends Stage<In, Out> {
  process(batch: readonly In[], signal: AbortSignal): Promise<readonly Outcome<Out>[]>;
  /** Opens it, where it is not open as it should be now. */
  ready(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const POLL_MS = 200;

/**
 * Batches are handed on in the order given; the one that finds a new version waits for those before it, and the stage they ran in
 * is closed before the next one is opened: there is room for one model. What `open` throws fails the batch; the next tries again.
 */
export function liveStage<In, Out>({ name, version, open }: LiveStageOptions<In, Out>): LiveStage<In, Out> {
  let at: number | undefined;
  let current: Stage<In, Out> | undefined;
  const running = new Set<Promise<unknown>>();
  let turn: Promise<unknown> = Promise.resolve();

  async function refresh(signal: AbortSignal): Promise<void> {
    const next = version();
    if (next === at) return;
    await Promise.allSettled(running);
    at = undefined;
    const before = current;
    current = undefined;
    await before?.close?.();
    current = await open(signal);
    at = next;
  }

  /** The stage as it should be for a batch that comes now. */
  async function opened(signal: AbortSignal): Promise<Stage<In, Out>> {
    for (;;) {
      signal.throwIfAborted();
      await refresh(signal);
      if (current !== undefined) return current;
      await delay(POLL_MS, undefined, { signal });
    }
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const own = turn.then(work);
    turn = own.catch(() => undefined);
    return own;
  }

  return {
    name,
    ready: (signal) => inTurn(() => refresh(signal)),

    async process(batch, signal) {
      const { run } = await inTurn(async () => {
        const stage = await opened(signal);
        const started = Promise.resolve(stage.process(batch, signal));
        running.add(started);
        void started.catch(() => undefined).finally(() => running.delete(started));
        return { run: started };
      });
      return run;
    },

    close: () =>
      inTurn(async () => {
        await Promise.allSettled(running);
        await current?.close?.();
        current = undefined;
        at = undefined;
      }),
  };
}
