/** One member of a consumer group: which partitions are its own, and what was fetched of them. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { EachBatchPayload } from 'kafkajs';
import { bell } from '../embedded/bell.ts';
import { refusal } from './failure.ts';
import { rejoinAs } from './kafkajs.ts';
import { delivered } from './message.ts';
import { HandlerFailure, pump } from './pump.ts';
import { type Share, share } from './share.ts';
import type { Subscription } from './subscription.ts';
import type { Writer } from './writer.ts';

/** A consumer that fetches nothing for so long, not even nothing, is dead. */
const SILENCE_MS = 60_000;
/** What it may take to leave the group and to settle what was committed: with `drainMs`, a worker ends within 10 s. */
const LEAVE_MS = 1500;
const CLOSE_MS = 1000;
/** Between two tries at joining a group; the first ones come sooner. */
const MAX_WAIT_MS = 2000;

/**
 * Reads on until `signal` aborts, joining anew whenever kafkajs has given up. Rejects with what the handler threw last, with a
 * refusal of the cluster, or where nothing moves any more.
 */
export async function readOn(subscription: Subscription, signal: AbortSignal): Promise<void> {
  const { backOffMs, log, watch, topicOnCluster, group } = subscription;
  for (let failed = 0; ; failed++) {
    watch.alive();
    try {
      return await member(subscription, signal);
    } catch (error) {
      if (signal.aborted) return; // not committed: it comes again when the group reads on
      if (error instanceof HandlerFailure) throw error.cause;
      const refused = refusal(error);
      if (refused !== undefined) throw refused;
      log('warn', `${group} joins ${topicOnCluster} anew`, { error: String(error) });
      const wait = Math.min(backOffMs * 2 ** Math.min(failed, 10), MAX_WAIT_MS);
      await delay(wait, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** From joining the group to leaving it. */
async function member(subscription: Subscription, signal: AbortSignal): Promise<void> {
  const { topic, topicOnCluster, group, client, sessionTimeoutMs, log, watch } = subscription;
  const changed = bell();
  const assigned = new Set<number>();
  const owned = new Map<number, Share>();
  /** Assigned, and to be claimed when the group has been heard to count this worker in. */
  const unclaimed = new Set<number>();
  const claims = new Map<number, Promise<void>>();
  let failure: { readonly cause: unknown } | undefined;
  let ended = false;
  let memberId: string | undefined;

  const consumer = client.consumer({
    groupId: group,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.max(100, Math.floor(sessionTimeoutMs / 10)),
    rebalanceTimeout: Math.max(sessionTimeoutMs, 10_000),
    maxWaitTimeInMs: 100, // so long, too, until it notices that a partition was resumed
    allowAutoTopicCreation: false,
    retry: { restartOnFailure: async () => false }, // there is one way to begin anew: readOn
  });

  function fail(cause: unknown): void {
    failure ??= { cause };
    changed.ring();
  }

  const silence = setTimeout(() => fail(new Error(`nothing was fetched for ${SILENCE_MS} ms`)), SILENCE_MS);

  /** kafkajs takes no orders once it has crashed. A number is the offset to fetch from. */
  function order(partition: number, what: 'pause' | 'resume' | number): void {
    if (failure !== undefined || ended) return;
    const place = [{ topic: topicOnCluster, partitions: [partition] }];
    try {
      if (what === 'pause') consumer.pause(place);
      else if (what === 'resume') consumer.resume(place);
      else consumer.seek({ topic: topicOnCluster, partition, offset: String(what) });
    } catch (cause) {
      fail(cause);
    }
  }

  /** Others are fenced first, and only then is it asked how far they came: nothing of theirs can follow. */
  async function claim(partition: number): Promise<void> {
    let writer: Writer | undefined;
    try {
      writer = await subscription.openWriter(partition);
      const from = await subscription.placeOf(partition);
      await subscription.prepare(partition, signal);
      if (ended || !assigned.has(partition)) return await writer.close();
      owned.set(partition, share({ group, topic, partition, writer, from }));
      order(partition, from);
      order(partition, 'resume');
      tell();
    } catch (cause) {
      await writer?.close().catch(() => undefined);
      if (ended) return;
      if (refusal(cause) !== undefined) return fail(cause);
      log('warn', `${topicOnCluster}/${partition} could not be claimed`, { error: String(cause) });
      if (assigned.has(partition)) unclaimed.add(partition);
    }
  }

  /** Called when the group has just counted this worker in: one that was taken for dead must not fence its successor. */
  function claimAll(): void {
    for (const partition of unclaimed) {
      if (claims.has(partition)) continue;
      unclaimed.delete(partition);
      claims.set(
        partition,
        claim(partition).finally(() => claims.delete(partition)),
      );
    }
  }

  const tell = () => watch.partitions(assigned.size, owned.size);

  function release(partition: number): void {
    const own = owned.get(partition);
    owned.delete(partition);
    own?.close().catch(() => undefined);
    tell();
    changed.ring();
  }

  /**
   * Either someone else is the owner now, or it is not known what was written, or the handler is not where the group is. What
   * waits here is fetched again.
   */
  function reclaim(own: Share, cause: unknown): void {
    const { partition } = own;
    if (owned.get(partition) !== own) return;
    if (refusal(cause) !== undefined) fail(cause);
    log('warn', `${topicOnCluster}/${partition} is read again`, { error: String(cause) });
    order(partition, 'pause');
    release(partition);
    if (assigned.has(partition)) unclaimed.add(partition);
  }

  /** Called by kafkajs before it fetches for a new assignment. What stays ours is read on from where it was. */
  function assign(partitions: readonly number[]): void {
    for (const partition of assigned) {
      if (partitions.includes(partition)) continue;
      assigned.delete(partition);
      unclaimed.delete(partition);
      release(partition);
    }
    for (const partition of partitions) {
      const own = owned.get(partition);
      if (own !== undefined) order(partition, own.position);
      if (assigned.has(partition)) continue;
      assigned.add(partition);
      unclaimed.add(partition);
      order(partition, 'pause');
    }
    tell();
    claimAll();
  }

  async function eachBatch({ batch, resolveOffset, isStale }: EachBatchPayload): Promise<void> {
    const own = owned.get(batch.partition);
    if (own === undefined || isStale()) return;
    const follows = own.push(
      batch.messages.map((message) => delivered(topic, batch.partition, message)),
      Number(batch.firstOffset()),
      Number(batch.lastOffset()) + 1,
    );
    if (!follows) return order(batch.partition, own.position);
    resolveOffset(batch.messages.at(-1)!.offset);
    if (own.waiting >= subscription.batch * 2) order(batch.partition, 'pause');
    changed.ring();
  }

  async function join(): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: [topicOnCluster], fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
  }

  const { GROUP_JOIN, HEARTBEAT, FETCH, END_BATCH_PROCESS, CRASH } = consumer.events;
  consumer.on(GROUP_JOIN, ({ payload }) => {
    memberId = payload.memberId;
    assign(payload.memberAssignment[topicOnCluster] ?? []);
  });
  consumer.on(HEARTBEAT, () => {
    claimAll();
    for (const own of owned.values()) own.catchUp().catch((cause: unknown) => reclaim(own, cause));
  });
  consumer.on(FETCH, () => {
    silence.refresh();
    watch.alive();
  });
  consumer.on(END_BATCH_PROCESS, ({ payload: { partition, firstOffset, lastOffset, batchSize } }) => {
    // control records and aborted messages
    if (batchSize === 0) owned.get(partition)?.push([], Number(firstOffset ?? lastOffset), Number(lastOffset) + 1);
  });
  consumer.on(CRASH, ({ payload: { error } }) => fail(error));

  const joining = join();
  try {
    await unlessAborted(joining, signal);
    const resume = ({ partition }: Share) => order(partition, 'resume');
    await pump(subscription, { owned, changed, resume, reclaim, failure: () => failure }, signal);
  } finally {
    ended = true;
    clearTimeout(silence);
    if (failure !== undefined && memberId !== undefined) rejoinAs(group, memberId);
    // told to stop while it joins, kafkajs joins all the same, and holds its partitions for ever
    const left = joining.catch(() => undefined).then(() => consumer.disconnect());
    await settledWithin(LEAVE_MS, [left, ...claims.values()]);
    await settledWithin(
      CLOSE_MS,
      [...owned.values()].map((own) => own.close()),
    );
  }
}

/** A cluster that is away is waited for longer than a process may take to end. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = new AbortController();
  const abort = once(signal, 'abort', { signal: aborted.signal }).then(() => signal.throwIfAborted());
  abort.catch(() => undefined);
  try {
    signal.throwIfAborted();
    await Promise.race([promise, abort]);
  } finally {
    aborted.abort();
  }
}

async function settledWithin(ms: number, promises: readonly Promise<unknown>[]): Promise<void> {
  const timeout = new AbortController();
  const late = delay(ms, undefined, { signal: timeout.signal }).catch(() => undefined);
  await Promise.race([Promise.allSettled(promises), late]);
  timeout.abort();
}
