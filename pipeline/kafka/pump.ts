/** Hands over what waits in a worker's partitions, in batches, and commits what comes of them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Delivered, Outgoing } from '../contract.ts';
import type { Bell } from '../embedded/bell.ts';
import type { Part, Share } from './share.ts';
import type { Subscription } from './subscription.ts';

export interface Partitions {
  readonly owned: ReadonlyMap<number, Share>;
  /** Rung when something was fetched, lost or failed. */
  readonly changed: Bell;
  /** Called when a partition may be fetched again. */
  readonly resume: (own: Share) => void;
  /** Called when a batch or a commit failed: the partition is read again from its last commit on. */
  readonly reclaim: (own: Share, cause: unknown) => void;
  /** Why no more will be fetched. */
  readonly failure: () => { readonly cause: unknown } | undefined;
}

/** The handler threw too often, or waits for ever. Everything else that goes wrong with a cluster is waited out. */
export class HandlerFailure {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

interface Flight {
  readonly batch: readonly Delivered[];
  readonly parts: readonly { readonly owner: Share; readonly part: Part }[];
  readonly abandon: AbortController;
  readonly done: Promise<void>;
  state: 'handling' | 'handled' | 'committing';
  lists?: readonly (readonly Outgoing[])[];
  placed?: readonly (readonly Outgoing[])[];
  error?: { readonly cause: unknown };
}

/**
 * Until `signal` aborts; what is in flight then is still committed, within `drainMs`, and after that left to whoever reads on.
 * Batches are committed in order.
 */
export async function pump(subscription: Subscription, partitions: Partitions, signal: AbortSignal): Promise<void> {
  const {
    batch: size,
    lingerMs,
    inFlight,
    drainMs,
    stallMs,
    attempts,
    backOffMs,
    handle,
    place,
    watch,
    topic,
  } = subscription;
  const { owned, changed, resume, reclaim, failure } = partitions;
  let flights: readonly Flight[] = [];
  let failed = 0; // batches in a row
  let turn = 0;
  let lingered = false;
  let ended = false; // a commit that was made meanwhile starts nothing any more

  const linger = timer(lingerMs, () => {
    lingered = true;
    changed.ring();
  });
  const stall = timer(stallMs, () => {
    changed.ring();
  });
  const drain = timer(drainMs, () => {
    abandonAll();
    changed.ring();
  });

  function abandonAll(): void {
    for (const { abandon } of flights) abandon.abort();
  }

  /** From one partition as far as it goes: a batch is then few transactions. The next one begins with the next partition. */
  function takeParts(): Flight['parts'] {
    const owners = [...owned.values()].filter(({ waiting }) => waiting > 0).sort((a, b) => a.partition - b.partition);
    const from = owners.findIndex(({ partition }) => partition >= turn);
    const inTurn = from < 0 ? owners : [...owners.slice(from), ...owners.slice(0, from)];
    turn = (inTurn[0]?.partition ?? 0) + 1;
    const parts: { owner: Share; part: Part }[] = [];
    let room = size;
    for (const owner of inTurn) {
      if (room === 0) break;
      const part = owner.take(room);
      room -= part.messages.length;
      parts.push({ owner, part });
      if (owner.waiting < size) resume(owner);
    }
    return parts;
  }

  function isDue(): boolean {
    if (signal.aborted || flights.length >= inFlight) return false;
    const waiting = [...owned.values()].reduce((sum, own) => sum + own.waiting, 0);
    if (waiting === 0 || waiting >= size || lingered) return waiting > 0;
    linger.start();
    return false;
  }

  function launch(): void {
    linger.stop();
    lingered = false;
    if (flights.length === 0) stall.restart();
    const parts = takeParts();
    const batch = parts.flatMap(({ part }) => part.messages);
    const abandon = new AbortController();
    const settle = async () => {
      const start = performance.now();
      try {
        flight.lists = await handle(batch, abandon.signal);
        if (flight.lists.length !== batch.length) {
          const got = flight.lists.length;
          throw new Error(`handler of ${topic}: expected a list for each of ${batch.length} messages, got ${got}`);
        }
        flight.placed = flight.lists.map((list, i) => list.map((message) => place(message, batch[i]!)));
      } catch (cause) {
        flight.error = { cause };
      }
      flight.state = 'handled';
      const waitedMs = start - Math.min(...parts.map(({ part }) => part.since));
      watch.handled({ messages: batch.length, waitedMs, tookMs: performance.now() - start });
      changed.ring();
    };
    const flight: Flight = { batch, parts, abandon, done: Promise.resolve().then(settle), state: 'handling' };
    flights = [...flights, flight];
  }

  /** Each partition's part is a transaction of its own. One that was taken away meanwhile is its new owner's. */
  async function land(flight: Flight): Promise<void> {
    flight.state = 'committing';
    let next = 0;
    const commits = flight.parts.map(async ({ owner, part }) => {
      const [from, to] = [next, next + part.messages.length];
      next = to;
      const outgoing = flight.lists!.slice(from, to).flat();
      if (owned.get(owner.partition) !== owner) return;
      try {
        await owner.commit(part, flight.placed!.slice(from, to).flat());
        failed = 0;
        if (!ended) stall.restart();
        watch.committed({ topic, partition: owner.partition, messages: part.messages.length, outgoing });
      } catch (cause) {
        reclaim(owner, cause);
      }
    });
    await Promise.all(commits);
    flights = flights.filter((other) => other !== flight);
    changed.ring();
  }

  /** Lets go of what failed and of all that is behind it, which must not be committed before: it is read again. */
  async function rewind(cause: unknown): Promise<void> {
    failed++;
    abandonAll();
    const isLate = () => stall.rang || drain.rang;
    while (flights.some(({ state }) => state !== 'handled') && !isLate()) await changed.next();
    if (signal.aborted || isLate() || failed >= attempts) throw new HandlerFailure(cause);
    for (const { owner } of flights.flatMap(({ parts }) => parts)) reclaim(owner, cause);
    flights = [];
    await delay(backOffMs * 2 ** (failed - 1), undefined, { signal }).catch(() => undefined);
  }

  const onAbort = () => {
    drain.start();
    changed.ring();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    for (;;) {
      const dead = failure();
      if (dead !== undefined) throw dead.cause;
      if (stall.rang && flights.length > 0) {
        throw new HandlerFailure(
          new Error(
            `${topic}: a batch is in flight and nothing was committed for ${stallMs} ms: see what its stages wait for`,
          ),
        );
      }
      while (isDue()) launch();
      if (signal.aborted && (flights.length === 0 || drain.rang)) return;
      const first = flights.find(({ state }) => state !== 'committing');
      if (first?.error !== undefined) await rewind(first.error.cause);
      else if (first?.state === 'handled') void land(first);
      else await changed.next();
    }
  } finally {
    ended = true;
    signal.removeEventListener('abort', onAbort);
    abandonAll();
    for (const one of [linger, stall, drain]) one.stop();
    const late = delay(GIVE_UP_MS, undefined, { ref: false });
    await Promise.race([Promise.all(flights.map(({ done }) => done)), late]);
  }
}

/** A handler that was told to stop and does not is left behind. */
const GIVE_UP_MS = 500;

interface Timer {
  readonly rang: boolean;
  /** Where it is not running already. */
  start(): void;
  restart(): void;
  stop(): void;
}

function timer(ms: number, ring: () => void): Timer {
  let running: NodeJS.Timeout | undefined;
  let rang = false;

  function stop(): void {
    clearTimeout(running);
    running = undefined;
    rang = false;
  }

  function start(): void {
    running ??= setTimeout(() => {
      rang = true;
      ring();
    }, ms);
  }

  return {
    get rang() {
      return rang;
    },
    start,
    stop,
    restart() {
      stop();
      start();
    },
  };
}
