/** Publishes exactly once, though the answer to a commit may be lost. */
import type { Outgoing } from '../contract.ts';
import type { Writer } from './writer.ts';

export interface Publisher {
  /** All of them or none, after all that was published before. With no messages it only takes over from another of its name. */
  publish(messages: readonly Outgoing[], signal: AbortSignal): Promise<void>;
  /** Resolves when others can read what was published. */
  settle(): Promise<void>;
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

export function publisher({ group, openWriter, placeOf, backOff }: PublisherOptions): Publisher {
  let writer: Writer | undefined;
  const numbers = new Map<string, number>(); // of the last transaction, by topic that it was counted in
  let latest: Promise<unknown> = Promise.resolve();

  async function drop(): Promise<void> {
    const dropped = writer;
    writer = undefined;
    await dropped?.close().catch(() => undefined);
  }

  async function publish(messages: readonly Outgoing[], signal: AbortSignal): Promise<void> {
    const topic = messages[0]?.topic ?? '';
    let next: number | undefined;
    for (let tries = 0; ; tries++) {
      signal.throwIfAborted();
      try {
        // Whoever opens it has ended the transaction that was left open: what is read now is final.
        writer ??= await openWriter();
        if (messages.length === 0) return;
        const known = tries === 0 ? numbers.get(topic) : undefined;
        const last = known ?? Math.max(0, await placeOf(group, topic));
        if (last === next) break; // it was committed, though we were told otherwise
        next = last + 1;
        await writer.commit(messages, { group, topic, partition: 0, next });
        break;
      } catch (error) {
        await drop();
        await backOff(error, tries, signal);
      }
    }
    numbers.set(topic, next!);
  }

  return {
    publish(messages, signal) {
      const own = latest.then(() => publish(messages, signal));
      latest = own.catch(() => undefined);
      return own;
    },

    async settle() {
      await latest;
      await writer?.settle();
    },

    async close() {
      await latest;
      await drop();
    },
  };
}
