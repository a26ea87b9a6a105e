/** What a worker holds of one partition: messages that wait, and the writer that says that it is the owner. */
import type { Delivered, Outgoing } from '../contract.ts';
import type { Writer } from './writer.ts';

export interface Share {
  readonly partition: number;
  /** Offset behind what was fetched, control records included. */
  readonly position: number;
  /** Messages that were fetched and not yet taken. */
  readonly waiting: number;
  /**
   * What was fetched from offset `first` on, up to `end`. False, and nothing is taken, where it does not follow what is here: it was
   * on its way from before a seek. Offsets of a log that is not compacted have no gaps.
   */
  push(messages: readonly Delivered[], first: number, end: number): boolean;
  take(count: number): Part;
  /** Writes what came of a part and moves the group behind it, after what was committed before. */
  commit(part: Part, outgoing: readonly Outgoing[]): Promise<void>;
  /**
   * Moves the group past the control records behind the last message, where all messages are handled: they are no work, but
   * count as lag.
   */
  catchUp(): Promise<void>;
  close(): Promise<void>;
}

/** A run of one partition's messages in a batch. */
export interface Part {
  readonly messages: readonly Delivered[];
  /** When the first of them was fetched, in ms. */
  readonly since: number;
  /** Where the group is once they are handled. */
  readonly next: number;
}

export interface ShareOptions {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly writer: Writer;
  /** The group's place when the writer was opened. */
  readonly from: number;
}

export function share({ group, topic, partition, writer, from }: ShareOptions): Share {
  let queue: readonly { readonly message: Delivered; readonly since: number }[] = [];
  let position = from;
  /** Where the group is once all commits that were asked for are made. */
  let promised = from;
  let parts = 0; // taken and not committed
  let latest: Promise<void> = Promise.resolve();

  function commit(outgoing: readonly Outgoing[], next: number): Promise<void> {
    promised = next;
    latest = latest.then(() => writer.commit(outgoing, { group, topic, partition, next }));
    return latest;
  }

  return {
    partition,
    get position() {
      return position;
    },
    get waiting() {
      return queue.length;
    },

    push(messages, first, end) {
      if (first > position) return false;
      const since = performance.now();
      const fresh = messages.filter(({ offset }) => offset >= position);
      queue = [...queue, ...fresh.map((message) => ({ message, since }))];
      position = Math.max(position, end);
      return true;
    },

    take(count) {
      const taken = queue.slice(0, count);
      queue = queue.slice(count);
      parts++;
      return {
        messages: taken.map(({ message }) => message),
        since: taken[0]?.since ?? performance.now(),
        next: queue[0]?.message.offset ?? position,
      };
    },

    commit({ next }, outgoing) {
      parts--;
      return commit(outgoing, next);
    },

    async catchUp() {
      if (queue.length === 0 && parts === 0 && position > promised) await commit([], position);
    },

    close: () => writer.close(),
  };
}
