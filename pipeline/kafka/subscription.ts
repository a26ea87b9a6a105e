/** How a group is to read a topic, and what it makes of the messages. */
import type { Kafka as Client } from 'kafkajs';
import type { Delivered, Handle, Outgoing } from '../contract.ts';
import type { Log } from './client.ts';
import type { Watch } from './watch.ts';
import type { Writer } from './writer.ts';

export interface Subscription extends SubscriptionOptions {
  readonly client: Client;
  readonly topic: string;
  /** The topic's name on the cluster. */
  readonly topicOnCluster: string;
  readonly group: string;
  readonly handle: Handle;
  /** What the handler made of a message, as it is written: with its headers and partition. */
  readonly place: (message: Outgoing, from: Delivered) => Outgoing;
  /** Opens the writer of a partition, which fences whoever had it before. */
  readonly openWriter: (partition: number) => Promise<Writer>;
  /** The group's place in a partition, or the oldest message kept. */
  readonly placeOf: (partition: number) => Promise<number>;
  /** Called before the first message from that place: what the handler remembers of the partition is to be what is committed. */
  readonly prepare: (partition: number, signal: AbortSignal) => Promise<void>;
  readonly watch: Watch;
  readonly log: Log;
}

export interface SubscriptionOptions {
  /** Messages to a batch, from whichever partitions have them. */
  readonly batch: number;
  /** How long a batch waits to be filled. */
  readonly lingerMs: number;
  /** Batches handed over and not yet committed. */
  readonly inFlight: number;
  /** Tries at a batch before `subscribe` rejects, and the wait before the second, which doubles. */
  readonly attempts: number;
  readonly backOffMs: number;
  /** How long what is in flight may take when the signal aborts, before it is abandoned. */
  readonly drainMs: number;
  /** After so long without a word from a worker its partitions go to others. */
  readonly sessionTimeoutMs: number;
  /** `subscribe` rejects when a batch is in flight and nothing was committed for so long. */
  readonly stallMs: number;
}
