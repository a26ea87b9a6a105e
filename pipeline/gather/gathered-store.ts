/** A store of what the workers of a cluster found: brought up to date once (`gather`), or as it comes (`serve --brokers`). */
import { setTimeout as delay } from 'node:timers/promises';
import { clusterViewOf } from '../config/cluster-view.ts';
import type { GatherConfig } from '../config/config.ts';
import { registryOf } from '../config/wire.ts';
import { entryOf } from '../deltas/cluster.ts';
import { ConfigError } from '../error.ts';
import { boundsOf } from '../kafka/bounds.ts';
import { DELTAS } from '../kafka/delta-set.ts';
import { refusal } from '../kafka/failure.ts';
import { lagReader } from '../kafka/lag-reader.ts';
import { readAll } from '../kafka/read-all.ts';
import type { World } from '../scan/scan.ts';
import { sideBySide } from '../side-by-side.ts';
import { ALERTS, COUNTS, CURSORS, DEAD, DROPS, REPLAYED, RULES, SELECTION } from '../store/messages.ts';
import { openStore } from '../store/store.ts';
import { keepTokenizer } from '../target/kept-tokenizer.ts';
import { openTarget } from '../target/target.ts';
import type { LegPlan } from '../topology.ts';
import { gathering } from './gathering.ts';
import { inbox } from './inbox.ts';
import { liveShares } from './live-shares.ts';

export interface GatheredStore {
  /** Id of the delta that the settings compare. */
  readonly delta: string;
  /** Whether every delta of its measurement was removed from the cluster. */
  isEmpty(): boolean;
  /**
   * Takes what was committed before the call, and resolves with how many messages that were.
   *
   * @throws ConfigError where the store is further than the cluster
   */
  catchUp(signal: AbortSignal): Promise<number>;
  /**
   * Goes on with what comes, until `signal` aborts. A broker that is away is waited for.
   *
   * @param legs whose lag is kept in the store too
   */
  follow(legs: readonly LegPlan[], signal: AbortSignal): Promise<void>;
  close(): void;
}

/** In the order in which they are read first: a letter before it is known that it was sent again. Deltas are read before them. */
const TOPICS = [SELECTION, RULES, ALERTS, DEAD, REPLAYED, COUNTS, DROPS, CURSORS] as const;
/** Between two looks at how far the legs are. */
const LOOK_MS = 1000;
const RETRY_MS = 1000;

/**
 * Made where there is none; else it goes on where it was. What it takes and how far it is are one transaction.
 *
 * @throws CheckpointError, ConfigError as a scan does, and where the store is of a scan of this machine
 */
export async function gatheredStore(
  config: GatherConfig,
  { environment, note }: Pick<World, 'environment' | 'note'>,
  signal: AbortSignal,
): Promise<GatheredStore> {
  const target = await openTarget(config, environment, signal);
  for (const sentence of target.notes) note(sentence);
  registryOf(config, environment); // refuses a setting that lacks it
  const cluster = { ...(await clusterViewOf(config, environment, 'deltasift', signal)), note };
  const { keep, pool: others } = config;
  const partitions = (await boundsOf(cluster, SELECTION)).length;
  const own = entryOf(target, config, () => 0);
  const store = openStore(config.store);
  try {
    store.bind(target.measurement);
    const scan = store.scan(target.delta.id);
    const shares = liveShares({ store, keep, others, partitions });
    const held = gathering({ store, scan, shares, keep, measurement: own.measurement });
    await readAll(cluster, { topic: DELTAS, known: true, each: (message) => held.take([message]) }, signal);
    held.include(own);
    keepTokenizer(config.store, target.files);
    const broken = new AbortController();
    const { put, flush, failed } = inbox(held.take, () => broken.abort());

    const read = async (topic: string, follow: boolean, until: AbortSignal): Promise<void> => {
      const from = new Map((await boundsOf(cluster, topic)).map(({ partition }) => [partition, 0]));
      for (const [partition, next] of held.placesOf(topic)) from.set(partition, next);
      await readAll(cluster, { topic, from, follow, each: put }, AbortSignal.any([until, broken.signal]));
      flush();
    };

    const readOn = async (topic: string, until: AbortSignal): Promise<void> => {
      for (;;) {
        try {
          await read(topic, true, until);
        } catch (error) {
          until.throwIfAborted();
          if (failed()) flush(); // throws
          const refused = refusal(error);
          if (refused !== undefined) throw refused;
          flush();
          note(`${config.prefix}${topic} is read again: ${error instanceof Error ? error.message : error}`);
          await delay(RETRY_MS, undefined, { signal: until });
        }
      }
    };

    /** For those who look at the store: what waits for each leg. */
    const lags = async (legs: readonly LegPlan[], until: AbortSignal): Promise<void> => {
      const reader = lagReader(cluster.client);
      try {
        for (;;) {
          for (const { name, reads } of legs) {
            const place = await reader.place(config.prefix + name, config.prefix + reads).catch(() => undefined);
            if (place !== undefined) held.waits(name, reads, place.next, place.end);
          }
          await delay(LOOK_MS, undefined, { signal: until });
        }
      } finally {
        await reader.close();
      }
    };

    return {
      delta: own.id,
      isEmpty: () => store.deltas().length === 0,

      async catchUp(until) {
        const before = held.taken();
        for (const topic of TOPICS) {
          for (const { partition, high } of await boundsOf(cluster, topic)) {
            if ((held.placesOf(topic).get(partition) ?? 0) > high) throw furtherThan(config.prefix + topic);
          }
          await read(topic, false, until).catch((error) => {
            if (failed()) flush(); // throws what is behind it
            throw error;
          });
        }
        return held.taken() - before;
      },

      async follow(legs, until) {
        const topics = [DELTAS, ...TOPICS].map((topic) => (either: AbortSignal) => readOn(topic, either));
        try {
          await sideBySide([...topics, (either) => lags(legs, either)], until);
        } catch (error) {
          if (!until.aborted) throw error;
        }
        flush();
      },

      close: () => store.close(),
    };
  } catch (error) {
    store.close();
    throw error;
  }

  function furtherThan(topic: string): ConfigError {
    return new ConfigError(
      `the store in ${config.store} has taken more of ${topic} than there is: the topic was made anew; name another folder`,
    );
  }
}
