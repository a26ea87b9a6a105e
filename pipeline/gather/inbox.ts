/** Messages that wait to be taken: many in one transaction, and none of them for long. */
import type { Delivered } from '../contract.ts';

export interface Inbox {
  put(message: Delivered): void;
  /** Has all of them taken now. @throws what `take` threw, now or before */
  flush(): void;
  /** Whether `take` threw: nothing is taken any more. */
  failed(): boolean;
}

/** Messages to a transaction of the store, at most, and how long the first of them waits for others. */
const CHUNK = 1000;
const LINGER_MS = 50;

/** @param onFailure told where `take` threw and nobody waits for it */
export function inbox(take: (messages: readonly Delivered[]) => void, onFailure: () => void): Inbox {
  let waiting: Delivered[] = [];
  let timer: NodeJS.Timeout | undefined;
  let failure: { readonly cause: unknown } | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (failure !== undefined) throw failure.cause;
    const messages = waiting;
    waiting = [];
    if (messages.length === 0) return;
    try {
      take(messages);
    } catch (cause) {
      failure = { cause };
      throw cause;
    }
  }

  function flushUnasked(): void {
    try {
      flush();
    } catch {
      onFailure();
    }
  }

  return {
    flush,
    failed: () => failure !== undefined,
    put(message) {
      waiting.push(message);
      if (waiting.length >= CHUNK || failure !== undefined) flush();
      else timer ??= setTimeout(flushUnasked, LINGER_MS);
    },
  };
}
