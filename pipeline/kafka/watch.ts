/** What a subscription says of itself, for metrics and probes. */
import type { Outgoing } from '../contract.ts';

export interface Watch {
  /** The worker tries to join its group, or has heard from the cluster: it is not stuck. */
  alive(): void;
  /** The group has given it so many partitions, and it reads so many of them already. */
  partitions(assigned: number, ready: number): void;
  handled(batch: HandledBatch): void;
  /** A partition's part of a batch is written, and can be read by others. */
  committed(commit: Commit): void;
}

export interface HandledBatch {
  readonly messages: number;
  /** From the fetch of the message that waited longest to the handler. */
  readonly waitedMs: number;
  /** In the handler. */
  readonly tookMs: number;
}

export interface Commit {
  readonly topic: string;
  readonly partition: number;
  /** How many were handled. */
  readonly messages: number;
  /** What came of them. */
  readonly outgoing: readonly Outgoing[];
}

const nothing = () => undefined;
export const unwatched: Watch = { alive: nothing, partitions: nothing, handled: nothing, committed: nothing };
