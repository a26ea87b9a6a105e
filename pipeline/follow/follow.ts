/** A store that follows a cluster: what is committed there is here a moment later, and whoever reads the store sees it. */
import { setTimeout as delay } from 'node:timers/promises';
import { clusterViewOf } from '../config/cluster-view.ts';
import type { FollowConfig } from '../config/config.ts';
import { legsOf } from '../config/kafka.ts';
import { registryOf } from '../config/wire.ts';
import type { Delivered } from '../contract.ts';
import { DELTAS } from '../kafka/delta-set.ts';
import { refusal } from '../kafka/failure.ts';
import { lagReader } from '../kafka/lag-reader.ts';
import { partitionCount } from '../kafka/partition-count.ts';
import { readAll } from '../kafka/read-all.ts';
import { recordOf, type World } from '../scan/scan.ts';
import { ALERTS, COUNTS, CURSORS, DEAD, DROPS, REPLAYED, RULES, SELECTION } from '../store/messages.ts';
import { openStore } from '../store/store.ts';
import { keepTokenizer } from '../target/kept-tokenizer.ts';
import { openTarget } from '../target/target.ts';
import { type Gathering, gathering } from './gathering.ts';
import { liveShares } from './live-shares.ts';

/** In the order in which they are read first: a delta before its documents, a letter before it is known that it was sent again. */
const TOPICS = [DELTAS, SELECTION, RULES, ALERTS, DEAD, REPLAYED, COUNTS, DROPS, CURSORS] as const;
/** Messages to a transaction of the store, at most, and how long the first of them waits for others. */
const CHUNK = 1000;
const LINGER_MS = 50;
/** Between two looks at how far the legs are. */
const LOOK_MS = 1000;
const RETRY_MS = 1000;

/**
 * Goes on where it was, until `signal` aborts. A broker that is away is waited for.
 *
 * @param caughtUp called when all is here that was there at the start
 * @throws CheckpointError, ConfigError as a scan does
 */
export async function followCluster(
  config: FollowConfig,
  { environment, note }: Pick<World, 'environment' | 'note'>,
  caughtUp: () => void,
  signal: AbortSignal,
): Promise<void> {
  const target = await openTarget(config, environment, signal);
  for (const sentence of target.notes) note(sentence);
  registryOf(config, environment); // refuses a setting that lacks it
  const cluster = await clusterViewOf(config, environment, 'deltasift', signal);
  const { client } = cluster;
  const store = openStore(config.store);
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  try {
    store.bind(target.measurement);
    const own = recordOf(target, config);
    store.addDelta(own);
    keepTokenizer(config.store, target.files);
    const { keep, pool: others } = config;
    const shares = liveShares({ store, keep, others, partitions: await partitionCount(cluster, SELECTION) });
    const held = gathering({ store, scan: store.scan(target.delta.id), shares, measurement: own.measurement });
    const inbox = inboxOf(held, () => ended.abort());

    const read = async (topic: string, follow: boolean): Promise<void> => {
      const from = new Map(
        Array.from({ length: await partitionCount(cluster, topic) }, (_, partition) => [partition, 0]),
      );
      for (const [partition, next] of held.placesOf(topic)) from.set(partition, next);
      await readAll(cluster, { topic, from, follow, each: inbox.put }, either);
      inbox.flush();
    };
    const readOn = async (topic: string): Promise<void> => {
      for (;;) {
        try {
          await read(topic, true);
        } catch (error) {
          either.throwIfAborted();
          if (refusal(error) !== undefined || inbox.failed()) throw refusal(error) ?? error;
          inbox.flush();
          note(`${config.prefix}${topic} is read again: ${error instanceof Error ? error.message : error}`);
          await delay(RETRY_MS, undefined, { signal: either });
        }
      }
    };

    for (const topic of TOPICS) await read(topic, false);
    caughtUp();
    const all = [...TOPICS.map(readOn), lags(held)].map((one) => one.finally(() => ended.abort()));
    const ends = await Promise.allSettled(all);
    const failed = ends.find((end) => end.status === 'rejected' && (end.reason as Error).name !== 'AbortError');
    if (signal.aborted) return;
    inbox.flush(); // throws what was thrown where nobody waited for it
    if (failed?.status === 'rejected') throw failed.reason;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    store.close();
  }

  /** For those who look at the store: what waits for each leg. */
  async function lags(held: Gathering): Promise<void> {
    const reader = lagReader(client);
    try {
      for (;;) {
        for (const { name, reads } of legsOf(config)) {
          const place = await reader.place(config.prefix + name, config.prefix + reads).catch(() => undefined);
          if (place !== undefined) held.waits(name, reads, place.next, place.end);
        }
        await delay(LOOK_MS, undefined, { signal: either });
      }
    } finally {
      await reader.close();
    }
  }
}

/** Messages that wait to be taken. */
function inboxOf({ take }: Gathering, onFailure: () => void) {
  let waiting: Delivered[] = [];
  let timer: NodeJS.Timeout | undefined;
  let failure: { readonly cause: unknown } | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (failure !== undefined) throw failure.cause;
    const messages = waiting;
    waiting = [];
    if (messages.length === 0) return;
    try {
      take(messages);
    } catch (cause) {
      failure = { cause };
      throw cause;
    }
  }

  return {
    flush,
    failed: () => failure !== undefined,
    put(message: Delivered): void {
      waiting.push(message);
      if (waiting.length >= CHUNK || failure !== undefined) flush();
      else
        timer ??= setTimeout(() => {
          try {
            flush();
          } catch {
            onFailure();
          }
        }, LINGER_MS);
    },
  };
}
