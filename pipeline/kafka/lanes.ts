/**
 * Work that several processes share by the partitions of a topic: Kafka's group says whose each is. A lane is the work of one
 * partition; nothing is fetched here.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Assigner, Kafka as Client, PartitionAssigner } from 'kafkajs';
import { refusal } from './failure.ts';
import { AssignerProtocol, PartitionAssigners } from './kafkajs.ts';

export interface LanesOptions {
  readonly client: Client;
  readonly topicOnCluster: string;
  readonly group: string;
  /** One process gets all partitions, the others wait for it to go. */
  readonly alone: boolean;
  readonly sessionTimeoutMs: number;
  /**
   * Claims these partitions, which are this process's now, and works on each until it is done. Aborted when one of them is lost.
   *
   * @throws LaneLost where another may be the owner now, or it is not known what was written: they are claimed again, once the
   * group has been heard to count this process in
   */
  readonly work: (partitions: readonly number[], signal: AbortSignal) => Promise<void>;
  /** Whether the work of all partitions is done, by whichever process. */
  readonly allDone: () => Promise<boolean>;
  readonly note: (sentence: string) => void;
}

export class LaneLost extends Error {
  override readonly name = 'LaneLost';
}

/** Waiting for the group to say whose a partition is helps, where the cluster refuses nothing. */
export function lost(error: unknown): unknown {
  return refusal(error) ?? (error instanceof Error ? new LaneLost(error.message, { cause: error }) : error);
}

const RETRY_MS = 500;

/**
 * Resolves when the work of all partitions is done; rejects with what `work` threw. A process that is done with its own waits for
 * the others, so that theirs come to it where they die: one that only left would be given partitions until the group noticed.
 */
export async function runLanes(options: LanesOptions, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await member(options, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LaneLost)) throw refusal(error) ?? error;
      options.note(`the crawl joins its group anew: ${error.message}`);
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}

async function member(options: LanesOptions, signal: AbortSignal): Promise<void> {
  const { client, topicOnCluster, group, alone, sessionTimeoutMs, work, allDone } = options;
  const consumer = client.consumer({
    groupId: group,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.max(100, Math.floor(sessionTimeoutMs / 10)),
    rebalanceTimeout: Math.max(sessionTimeoutMs, 10_000),
    maxWaitTimeInMs: 100,
    allowAutoTopicCreation: false,
    partitionAssigners: alone ? [allToOne] : [PartitionAssigners.roundRobin],
    retry: { restartOnFailure: async () => false },
  });
  /** By partition: ends its work, and whether that is done. */
  const lanes = new Map<number, { readonly stop: AbortController; done: boolean }>();
  const unclaimed = new Set<number>();
  const running = new Set<Promise<void>>();
  const ended = Promise.withResolvers<void>();
  let [left, asking] = [false, false];

  async function endIfDone(): Promise<void> {
    const own = [...lanes.values()];
    if (asking || own.length === 0 || unclaimed.size > 0 || own.some(({ done }) => !done)) return;
    asking = true;
    try {
      if (await allDone()) ended.resolve();
    } catch (error) {
      ended.reject(lost(error));
    } finally {
      asking = false;
    }
  }

  function assign(partitions: readonly number[]): void {
    for (const [partition, { stop }] of lanes) {
      if (partitions.includes(partition)) continue;
      lanes.delete(partition);
      stop.abort();
    }
    for (const partition of unclaimed) if (!partitions.includes(partition)) unclaimed.delete(partition);
    for (const partition of partitions) if (!lanes.has(partition)) unclaimed.add(partition);
    consumer.pause([{ topic: topicOnCluster, partitions: [...partitions] }]);
    claimAll();
  }

  /** Called when the group has just counted this process in: one that was taken for dead must not fence its successor. */
  function claimAll(): void {
    if (unclaimed.size === 0 || left) return;
    const partitions = [...unclaimed];
    unclaimed.clear();
    const own = partitions.map((partition) => {
      const lane = { stop: new AbortController(), done: false };
      lanes.set(partition, lane);
      return [partition, lane] as const;
    });
    const stop = AbortSignal.any([
      signal,
      ...own.map(
        ([
          ,
          {
            stop: { signal: lost },
          },
        ]) => lost,
      ),
    ]);
    const working = (async () => {
      try {
        await work(partitions, stop);
        stop.throwIfAborted(); // work that was cut short may end as if it were done
        for (const [, lane] of own) lane.done = true;
        await endIfDone();
      } catch (error) {
        if (signal.aborted || !(error instanceof LaneLost || stop.aborted)) return ended.reject(error);
        // those of them that are still this process's are claimed again
        for (const [partition, lane] of own) {
          if (lanes.get(partition) !== lane) continue;
          lanes.delete(partition);
          unclaimed.add(partition);
        }
      }
    })();
    running.add(working);
    void working.finally(() => running.delete(working));
  }

  const { GROUP_JOIN, HEARTBEAT, CRASH } = consumer.events;
  consumer.on(GROUP_JOIN, ({ payload }) => assign(payload.memberAssignment[topicOnCluster] ?? []));
  consumer.on(HEARTBEAT, () => {
    claimAll();
    void endIfDone();
  });
  consumer.on(CRASH, ({ payload: { error } }) => ended.reject(lost(error)));
  const abort = () => ended.reject(signal.reason);
  signal.addEventListener('abort', abort);
  const joining = (async () => {
    signal.throwIfAborted();
    await consumer.connect();
    await consumer.subscribe({ topics: [topicOnCluster], fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatch: async () => undefined });
  })();
  joining.catch((error: unknown) => ended.reject(lost(error)));
  try {
    await ended.promise;
  } finally {
    left = true;
    signal.removeEventListener('abort', abort);
    for (const { stop } of lanes.values()) stop.abort();
    await Promise.allSettled(running);
    await joining.catch(() => undefined);
    await consumer.disconnect().catch(() => undefined);
  }
}

/** The member of the lowest id gets everything: kafkajs gives the others nothing, and they wait. */
const allToOne: PartitionAssigner = ({ cluster }): Assigner => ({
  name: 'AllToOne',
  version: 1,

  async assign({ members, topics }) {
    const [first] = members.map(({ memberId }) => memberId).sort();
    return members.map(({ memberId }) => {
      const partitionsOf = (topic: string) =>
        memberId === first ? cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId) : [];
      const assignment = Object.fromEntries(topics.map((topic) => [topic, partitionsOf(topic)]));
      return {
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: this.version,
          assignment,
          userData: Buffer.alloc(0),
        }),
      };
    });
  },

  protocol({ topics }) {
    const metadata = { version: this.version, topics, userData: Buffer.alloc(0) };
    return { name: this.name, metadata: AssignerProtocol.MemberMetadata.encode(metadata) };
  },
});
