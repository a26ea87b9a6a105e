/** One group's way through a topic of the embedded log. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { Handle, Outgoing } from '../contract.ts';
import type { Log } from '../store/log.ts';
import type { Bell } from './bell.ts';

export interface Reader {
  readonly log: Log;
  readonly topic: string;
  readonly group: string;
  readonly handle: Handle;
  /** Messages to a batch; the first ones of a topic hold fewer, the very first so many. */
  readonly size: number;
  readonly first: number;
  readonly lingerMs: number | undefined;
  /** Up to which offset a short batch may go out. */
  readonly flushed: () => number;
  /** Writes what came of the messages before `next`, and moves the group there. */
  readonly commit: (outgoing: readonly Outgoing[], next: number) => void;
  /** Rung when something was published, flushed or handled. */
  readonly changed: Bell;
}

/** Batches handled at a time: one on the device while the next is made ready. */
const IN_FLIGHT = 2;

/** Messages to the batch that begins at this offset: where the first holds 8, then 8, 16, 32 and so on, up to `size`. */
function sizeAt(offset: number, first: number, size: number): number {
  return Math.min(size, Math.max(first, offset));
}

interface Flight {
  /** The offset behind its batch. */
  readonly next: number;
  readonly size: number;
  readonly done: Promise<void>;
  lists?: readonly (readonly Outgoing[])[];
  error?: { readonly cause: unknown };
}

/**
 * Hands over batches from the group's place on and commits what comes of them, in order, until `signal` aborts; what is in flight
 * then is still committed. Where a batch throws, those behind it are abandoned too: rejects once all have settled.
 */
export async function readOn(reader: Reader, signal: AbortSignal): Promise<void> {
  const { log, topic, group, handle, size, first: firstSize, lingerMs, flushed, commit, changed } = reader;
  const flights: Flight[] = [];
  const abandon = new AbortController();
  let from = log.join(topic, group);
  let linger: NodeJS.Timeout | undefined;
  let waitedLongEnough = false;

  /** Messages that go out now: a function of the log and of `flush`, not of time, unless there is a linger time. */
  function due(): number {
    const there = log.head(topic) - from;
    const whole = sizeAt(from, firstSize, size);
    if (there >= whole) return whole;
    return waitedLongEnough || flushed() > from ? there : 0;
  }

  function launch(count: number): void {
    const batch = log.read(topic, from, count);
    from += batch.length;
    const settle = async () => {
      try {
        flight.lists = await handle(batch, abandon.signal);
      } catch (cause) {
        flight.error = { cause };
      }
      changed.ring();
    };
    const flight: Flight = { next: from, size: batch.length, done: Promise.resolve().then(settle) };
    flights.push(flight);
    clearTimeout(linger);
    linger = undefined;
    waitedLongEnough = false;
  }

  function lingerOn(): void {
    if (lingerMs === undefined || linger !== undefined || log.head(topic) === from) return;
    linger = setTimeout(() => {
      waitedLongEnough = true;
      changed.ring();
    }, lingerMs);
  }

  function land({ next, size: expected, lists, error }: Flight): void {
    if (error !== undefined) throw error.cause;
    if (lists?.length !== expected) {
      throw new Error(`handler of ${topic}: expected a list for each of ${expected} messages, got ${lists?.length}`);
    }
    commit(lists.flat(), next);
  }

  signal.addEventListener('abort', changed.ring);
  try {
    for (;;) {
      for (let count = due(); count > 0 && flights.length < IN_FLIGHT && !signal.aborted; count = due()) launch(count);
      const [first] = flights;
      if (first === undefined && signal.aborted) return;
      if (first !== undefined && (first.lists ?? first.error) !== undefined) {
        land(first);
        flights.shift();
        changed.ring();
        await breathe(); // a loop of promises alone would starve timers and signals
      } else {
        lingerOn();
        await changed.next();
      }
    }
  } finally {
    signal.removeEventListener('abort', changed.ring);
    clearTimeout(linger);
    abandon.abort();
    for (const { done } of flights) await done;
  }
}
