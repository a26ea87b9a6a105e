/** A handler of its own for each partition, for stages that remember what came before. */
import type { Delivered, Handle, Outgoing } from '../contract.ts';

export interface PerPartition {
  readonly handle: Handle;
  /** Before the first message of a partition, and whenever it is read again. */
  prepare(partition: number, signal: AbortSignal): Promise<void>;
}

/** @param make a handler that knows what is committed of the partition */
export function perPartition(make: (partition: number, signal: AbortSignal) => Promise<Handle>): PerPartition {
  const handlers = new Map<number, Handle>();

  return {
    async prepare(partition, signal) {
      handlers.set(partition, await make(partition, signal));
    },

    async handle(batch, signal) {
      const parts = Map.groupBy(batch, ({ partition }) => partition);
      const lists = new Map<Delivered, readonly Outgoing[]>();
      for (const [partition, messages] of parts) {
        const handler = handlers.get(partition);
        if (handler === undefined) throw new Error(`partition ${partition} was not prepared`);
        const made = await handler(messages, signal);
        for (const [i, message] of messages.entries()) lists.set(message, made[i]!);
      }
      return batch.map((message) => lists.get(message)!);
    },
  };
}
