/** Spans of a tracer around what is done with messages. */
import type { Awaitable, Outgoing } from '../contract.ts';

export interface Spans {
  /** Around a batch of a leg: of the trace that its messages are of, or where they are of several linked to each. */
  batch<T>(messages: readonly Of[], work: () => Awaitable<T>): Promise<T>;
  /** Around a batch in one stage, within that of its leg. */
  stage<T>(name: string, size: number, work: () => Awaitable<T>): Promise<T>;
}

/** What is asked of a message. */
export type Of = Pick<Outgoing, 'topic' | 'headers'>;
