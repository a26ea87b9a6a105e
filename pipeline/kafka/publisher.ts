/** Publishes exactly once, though the answer to a commit may be lost. */
import type { Outgoing } from '../contract.ts';
import type { Writer } from './writer.ts';

export interface Publisher {
  /** All of them or none, after all that was published before. With no messages it only takes over from another of its name. */
  publish(messages: readonly Outgoing[], signal: AbortSignal): Promise<void>;
  /** Resolves when others can read what was published. */
  settle(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface PublisherOptions {
  /** The group that counts this publisher's transactions: its "offset" is the number of the last one, moved inside of it. */
  readonly group: string;
  readonly openWriter: () => Promise<Writer>;
  /** Where a group is in partition 0 of a topic; -1 where it never was. */
  readonly placeOf: (group: string, topic: string) => Promise<number>;
  /** Waits before the next try; rejects when `signal` aborts, or where `error` is nothing that waiting helps. */
  readonly backOff: (error: unknown, tries: number, signal: AbortSignal) => Promise<void>;
}

interface Made {
  readonly topic: string;
  readonly number: number;
  readonly messages: readonly Outgoing[];
}

export function publisher({ group, openWriter, placeOf, backOff }: PublisherOptions): Publisher {
  let writer: Writer | undefined;
  /** The last one. Where the broker crashed as it confirmed it, it may be undone: it is then made again. */
  let made: Made | undefined;
  const numbers = new Map<string, number>(); // of the last transaction, by topic that it was counted in
  let latest: Promise<unknown> = Promise.resolve();

  async function drop(): Promise<void> {
    const dropped = writer;
    writer = undefined;
    await dropped?.close().catch(() => undefined);
  }

  /** Whoever opens the writer has ended the transaction that was left open: what is read now is final. */
  async function opened(): Promise<Writer> {
    if (writer !== undefined) return writer;
    writer = await openWriter();
    if (made !== undefined && (await placeOf(group, made.topic)) < made.number) {
      await writer.commit(made.messages, { group, topic: made.topic, partition: 0, next: made.number });
    }
    return writer;
  }

  /** Once what was asked for before is done; again until it succeeds. */
  function inTurn(work: (writer: Writer, tries: number) => Promise<void>, signal: AbortSignal): Promise<void> {
    const own = latest.then(async () => {
      for (let tries = 0; ; tries++) {
        signal.throwIfAborted();
        try {
          return await work(await opened(), tries);
        } catch (error) {
          await drop();
          await backOff(error, tries, signal);
        }
      }
    });
    latest = own.catch(() => undefined);
    return own;
  }

  return {
    publish(messages, signal) {
      const topic = messages[0]?.topic;
      let next: number | undefined;
      return inTurn(async (own, tries) => {
        if (topic === undefined) return;
        const known = tries === 0 ? numbers.get(topic) : undefined;
        const last = known ?? Math.max(0, await placeOf(group, topic));
        // where it is the number of this one, it was committed, though we were told otherwise
        if (last !== next) {
          next = last + 1;
          await own.commit(messages, { group, topic, partition: 0, next });
        }
        numbers.set(topic, next);
        made = { topic, number: next, messages };
      }, signal);
    },

    async settle(signal) {
      await latest;
      if (made !== undefined) await inTurn((own) => own.settle(), signal);
    },

    async close() {
      await latest;
      await drop();
    },
  };
}
