/** How batches are formed, abandoned and watched, without a cluster: partitions are lists. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Delivered, type Handle, type Outgoing, Reject } from '../../pipeline/contract.ts';
import { bell } from '../../pipeline/embedded/bell.ts';
import { HandlerFailure, pump } from '../../pipeline/kafka/pump.ts';
import { type Share, share } from '../../pipeline/kafka/share.ts';
import type { Subscription, SubscriptionOptions } from '../../pipeline/kafka/subscription.ts';
import { type HandledBatch, unwatched } from '../../pipeline/kafka/watch.ts';
import type { Writer } from '../../pipeline/kafka/writer.ts';
import { type LegParts, legHandler } from '../../pipeline/legs/handlers.ts';
import { legPlan } from '../../pipeline/topology.ts';
import { tokensCodec } from '../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';

const OPTIONS: SubscriptionOptions = {
  batch: 10,
  lingerMs: 5,
  inFlight: 2,
  attempts: 2,
  backOffMs: 1,
  drainMs: 50,
  sessionTimeoutMs: 1000,
  stallMs: 10_000,
};

interface Committed {
  readonly partition: number;
  readonly next: number;
  readonly values: readonly string[];
}

const textOf = (partition: number, offset: number) => Buffer.from(`${partition}/${offset}`);

/** Partitions with so many messages each, all fetched. It stops when all are committed. */
function world(
  counts: readonly number[],
  handle: Handle,
  options: Partial<SubscriptionOptions> = {},
  makeValue: (partition: number, offset: number) => Buffer = textOf,
) {
  const commits: Committed[] = [];
  const batches: HandledBatch[] = [];
  const stop = new AbortController();
  const places = counts.map(() => 0);
  let dead: { readonly cause: unknown } | undefined;
  let writable: Promise<void> = Promise.resolve();

  const writerOf = (partition: number): Writer => ({
    async commit(messages: readonly Outgoing[], { next }) {
      await writable;
      commits.push({ partition, next, values: messages.map(({ value }) => String(value)) });
      places[partition] = next;
      if (places.every((place, i) => place === counts[i])) stop.abort();
    },
    settle: async () => undefined,
    close: async () => undefined,
  });
  const owned = new Map<number, Share>();
  for (const [partition, count] of counts.entries()) {
    const own = share({ group: 'g', topic: 't', partition, writer: writerOf(partition), from: 0 });
    own.push(
      Array.from({ length: count }, (_, offset): Delivered => {
        return { topic: 't', partition, offset, key: '', value: makeValue(partition, offset), headers: {} };
      }),
      0,
      count,
    );
    owned.set(partition, own);
  }
  const subscription = {
    ...OPTIONS,
    ...options,
    topic: 't',
    handle,
    place: (message) => message,
    watch: { ...unwatched, handled: (batch) => batches.push(batch) },
  } as Partial<Subscription> as Subscription;
  const partitions = {
    owned,
    changed: bell(),
    resume: () => undefined,
    reclaim: () => undefined,
    failure: () => dead,
  };
  return {
    commits,
    batches,
    stop,
    run: () => pump(subscription, partitions, stop.signal),
    /** Commits wait until it is resolved. */
    holdCommits(until: Promise<void>) {
      writable = until;
    },
    die(cause: unknown) {
      dead = { cause };
      partitions.changed.ring();
    },
  };
}

const echo: Handle = async (batch) => batch.map(({ value }) => [{ topic: 'out', key: '', value, headers: {} }]);
const never: Handle = () => new Promise(() => undefined);

describe('pump', () => {
  test('a batch is filled from all partitions, and each partition commits its own part of it, in order', async () => {
    const { commits, batches, run } = world([4, 4, 4, 4], echo, { batch: 16 });
    await run();
    assert.deepEqual(
      batches.map(({ messages }) => messages),
      [16],
    );
    assert.deepEqual(
      commits.toSorted((a, b) => a.partition - b.partition),
      [0, 1, 2, 3].map((partition) => ({
        partition,
        next: 4,
        values: [0, 1, 2, 3].map((offset) => `${partition}/${offset}`),
      })),
    );
  });

  test('a commit that is made only after the consumer died starts no watchdog: the process can end', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const { commits, run, holdCommits, die } = world([2], async (batch) => {
      setImmediate(() => die(new Error('the consumer died')));
      return await echo(batch, AbortSignal.abort());
    });
    const released = Promise.withResolvers<void>();
    holdCommits(released.promise);
    await assert.rejects(run(), /the consumer died/);
    released.resolve();
    while (commits.length === 0) await delay(1);
    await delay(1);
    assert.equal(timers(), before);
  });

  test('the gradient leg gives the model what waits in all of its partitions, as one batch', async () => {
    const runs: number[] = [];
    const model: LegParts['gradient'] = {
      name: 'gradient',
      process(batch) {
        runs.push(batch.length);
        return batch.map(() => new Reject('bad-token', 'not looked at'));
      },
    };
    const { handle } = legHandler(legPlan('gradient'), {
      gradient: model,
      longest: 8,
      deltas: [],
    } as Partial<LegParts> as LegParts);
    const { commits, run } = world(Array(16).fill(4), handle, { batch: 64 }, (partition, offset) => {
      const key = `${partition}/${offset}`;
      const ids = Int32Array.of(1, 2);
      return tokensCodec.encode({
        ...{ key, id: key, url: null, text: '', ids, lengths: Int32Array.of(2), firsts: Int32Array.of(1) },
        ...NO_PROVENANCE,
      });
    });
    await run();
    assert.deepEqual(runs, [64]);
    assert.deepEqual(
      commits.map(({ next }) => next),
      Array(16).fill(4),
    );
  });

  test('a handler that never resolves ends the reading after stallMs, and says where', async () => {
    const { run } = world([3], never, { stallMs: 30 });
    await assert.rejects(
      run(),
      (error) => error instanceof HandlerFailure && /nothing was committed for 30 ms/.test(String(error.cause)),
    );
  });

  test('one batch that fails while another never resolves ends it too', async () => {
    let calls = 0;
    const { run } = world(
      [20],
      (batch, signal) => (calls++ === 0 ? Promise.reject(new Error('no')) : never(batch, signal)),
      { stallMs: 30 },
    );
    await assert.rejects(run(), HandlerFailure);
  });

  test('told to stop, it waits for the batch in flight no longer than drainMs, and commits none of it', async () => {
    const { commits, stop, run } = world([3], never, { drainMs: 20 });
    const running = run();
    await delay(10);
    stop.abort();
    await running;
    assert.deepEqual(commits, []);
  });

  test('told to stop, it commits a batch that is handled in time', async () => {
    const { commits, stop, run } = world(
      [3],
      async (batch, signal) => {
        stop.abort();
        await delay(5);
        return echo(batch, signal);
      },
      { drainMs: 10_000 },
    );
    await run();
    assert.deepEqual(
      commits.map(({ next }) => next),
      [3],
    );
  });
});
