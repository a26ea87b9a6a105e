/** The transport without a broker: topics are rows of the store's file, and a commit is one SQLite transaction. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Handle, Outgoing, Transport } from '../contract.ts';
import type { Scan } from '../store/scan.ts';
import { type Bell, bell } from './bell.ts';
import { readOn } from './reader.ts';

/** Takes the messages of one topic, in commit order, in place of the log. */
export interface Sink {
  readonly topic: string;
  /** Called inside the transaction that commits the messages: to throw undoes it, and they come again. */
  write(messages: readonly Outgoing[]): void;
}

export interface EmbeddedOptions {
  /** Messages to a batch; the first ones of a topic hold fewer, so that something is seen to happen soon. */
  readonly batch?: number;
  readonly first?: number;
  /** `publish` waits while a topic's slowest group is further behind than so many messages. */
  readonly highWater?: number;
  /** Hands over what there is after so long, for sources that wait: what a batch holds then depends on time. */
  readonly lingerMs?: number;
  /** Tries at a batch before `subscribe` rejects. */
  readonly attempts?: number;
  /** Before the second try; twice as long before each further one. */
  readonly backOffMs?: number;
  readonly sinks?: readonly Sink[];
  /** Rung at every change: shared by the transports of one scan, so that one hears what another wrote. */
  readonly changed?: Bell;
}

/**
 * Batches are runs of consecutive messages of the log, cut by their offsets alone and shorter only where `flush` said that nothing
 * more is coming: the same ones after a restart, at whatever moment the process died. The store's own topics change it, see
 * store/messages.ts.
 */
export function embeddedTransport(
  scan: Scan,
  {
    batch = 64,
    first = 8,
    highWater = 1024,
    lingerMs,
    attempts = 5,
    backOffMs = 100,
    sinks = [],
    changed = bell(),
  }: EmbeddedOptions = {},
): Transport {
  const { log } = scan;
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  /** Places of the groups that this transport reads for. */
  const subscribed = new Set<string>();
  /** By topic: the offset up to which short batches go out. */
  const flushed = new Map<string, number>();
  /** What readers died of. */
  const failures: unknown[] = [];

  function write(messages: readonly Outgoing[]): void {
    const sunk = new Map(sinks.map((sink): [string, Outgoing[]] => [sink.topic, []]));
    for (const message of messages) {
      const own = sunk.get(message.topic);
      if (own === undefined) scan.write(message);
      else own.push(message);
    }
    for (const sink of sinks) {
      const own = sunk.get(sink.topic)!;
      if (own.length > 0) sink.write(own);
    }
  }

  /** Who waits for a reader that died waits for ever. */
  function checkReaders(): void {
    if (failures.length > 0) throw failures[0];
  }

  function hasRoom(topics: ReadonlySet<string>): boolean {
    checkReaders();
    return log.places().every(({ topic, next }) => !topics.has(topic) || log.head(topic) - next <= highWater);
  }

  async function read(topic: string, group: string, handle: Handle, signal: AbortSignal): Promise<void> {
    let failed = 0;
    const commit = (outgoing: readonly Outgoing[], next: number): void => {
      scan.commit(() => {
        write(outgoing);
        log.commit(topic, group, next);
      });
      failed = 0;
    };
    const reader = { log, topic, group, handle, size: batch, first, lingerMs, commit, changed };
    for (;;) {
      try {
        return await readOn({ ...reader, flushed: () => flushed.get(topic) ?? 0 }, signal);
      } catch (error) {
        if (signal.aborted) return; // not committed: it comes again when the group reads on
        failed++;
        if (failed >= attempts) {
          failures.push(error);
          changed.ring();
          throw error;
        }
        await delay(backOffMs * 2 ** (failed - 1), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  return {
    async publish(messages, signal) {
      const topics = new Set(messages.map(({ topic }) => topic));
      await changed.until(() => hasRoom(topics), signal);
      scan.commit(() => write(messages));
      changed.ring();
    },

    async subscribe(topic, group, handle, signal) {
      subscribed.add(placeName({ topic, group }));
      const reading = read(topic, group, handle, AbortSignal.any([signal, closing.signal]));
      running.add(reading);
      await reading.finally(() => running.delete(reading));
    },

    async flush(signal) {
      signal.throwIfAborted();
      const own = log.places().filter((place) => subscribed.has(placeName(place)));
      const targets = own.map((place) => ({ ...place, head: log.head(place.topic) }));
      for (const { topic, head } of targets) flushed.set(topic, head);
      changed.ring();
      await changed.until(() => {
        checkReaders();
        const places = log.places();
        return targets.every(({ topic, group, head }) =>
          places.some((place) => place.topic === topic && place.group === group && place.next >= head),
        );
      }, signal);
    },

    async close() {
      closing.abort();
      await Promise.allSettled(running);
    },
  };
}

function placeName({ topic, group }: { readonly topic: string; readonly group: string }): string {
  return `${topic} ${group}`;
}
