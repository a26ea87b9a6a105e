/** Tells one sink of every alert, in order, however long that takes. */
import { setTimeout as delay } from 'node:timers/promises';
import { type AlertSink, Drop, type Outcome, Reject, type Stage, type ToldAlert } from '../pipeline/contract.ts';

export interface DeliverOptions {
  /** Of the sink. */
  readonly name: string;
  readonly sink: AlertSink;
  /** Whether the sink is to be told of the rule. */
  readonly wants: (rule: string) => boolean;
  /** In [0, 1). */
  readonly random: () => number;
  /** Told when sending fails, and when it works again. */
  readonly tell: (sentence: string) => void;
  /** Before the second try, and at most between two. */
  readonly firstMs?: number;
  readonly mostMs?: number;
}

/**
 * Sends again until it is taken, waiting a random part of 1, 2, 4, ... seconds and at most of five minutes ("full jitter"): no alert is
 * passed over for one that is easier to send. An alert that is refused for what it is becomes a reject.
 */
export function deliver({
  name,
  sink,
  wants,
  random,
  tell,
  firstMs = 1000,
  mostMs = 300_000,
}: DeliverOptions): Stage<ToldAlert, ToldAlert> {
  /** What is sent waits for what was to be sent before. */
  let latest: Promise<unknown> = Promise.resolve();

  async function deliverOne(alert: ToldAlert, signal: AbortSignal): Promise<Outcome<ToldAlert>> {
    if (alert.held !== '') return new Drop('held');
    if (!wants(alert.rule)) return new Drop('other-sink');
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted();
      try {
        await sink.send(alert, signal);
        if (tries > 1) tell(`sink ${name}: told after ${tries} tries`);
        return [alert];
      } catch (error) {
        signal.throwIfAborted();
        const { name: kind, message, afterMs = 0 } = error as Error & { readonly afterMs?: number };
        if (kind === 'Undeliverable') {
          tell(`sink ${name}: ${message}; the alert is among the rejects`);
          return new Reject('undeliverable', message);
        }
        const pause = Math.max(afterMs, random() * Math.min(mostMs, firstMs * 2 ** Math.min(tries - 1, 30)));
        if (isPowerOfTwo(tries))
          tell(`sink ${name}: ${message}; tried ${tries === 1 ? 'once' : `${tries} times`}, and goes on trying`);
        await delay(pause, undefined, { signal });
      }
    }
  }

  async function deliverAll(batch: readonly ToldAlert[], signal: AbortSignal): Promise<readonly Outcome<ToldAlert>[]> {
    const outcomes: Outcome<ToldAlert>[] = [];
    for (const alert of batch) outcomes.push(await deliverOne(alert, signal));
    return outcomes;
  }

  return {
    name: `notify.${name}`,
    process(batch, signal) {
      const own = latest.then(() => deliverAll(batch, signal));
      latest = own.catch(() => undefined);
      return own;
    },
    close: () => sink.close?.(),
  };
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n));
}
