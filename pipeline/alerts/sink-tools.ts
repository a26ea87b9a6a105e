/** What sinks may use of this process. */
import type { Producer } from 'kafkajs';
import type { SinkTools, TopicWriter } from '../contract.ts';

export interface SinkWorld {
  /** Folder that relative paths start from. */
  readonly folder: string;
  /** Seconds since 1970. */
  clock(): number;
  write(text: string): void;
}

export function sinkTools({ folder, clock, write }: SinkWorld): SinkTools {
  return { folder, write, clock: () => clock() * 1000, openTopic };
}

/** Connected when first written to. */
function openTopic({ brokers, topic }: { readonly brokers: readonly string[]; readonly topic: string }): TopicWriter {
  let connected: Promise<Producer> | undefined;

  async function connect(): Promise<Producer> {
    const { kafkaClient } = await import('../kafka/client.ts'); // loaded when asked for: a scan without it starts sooner
    const producer = kafkaClient({ brokers, clientId: 'deltasift-alerts' }, 'patient').producer({ idempotent: true });
    await producer.connect();
    return producer;
  }

  return {
    async write({ key, value, headers }, signal) {
      connected ??= connect().catch((error: unknown) => {
        connected = undefined;
        throw error;
      });
      const producer = await connected;
      signal.throwIfAborted();
      await producer.send({ topic, messages: [{ key, value, headers: { ...headers } }], acks: -1 });
    },

    async close() {
      await (await connected)?.disconnect();
    },
  };
}
