/** Deltas of a cluster, changed in its topic: its workers take that up, and the store that follows it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Delta } from '../../schemas/types.ts';
import { addToCluster, changeOnCluster } from '../deltas/change-cluster.ts';
import { type DeltaCluster, openSet } from '../deltas/open-set.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import type { DeltaSet } from '../kafka/delta-set.ts';
import { causesOf, refusal } from '../kafka/failure.ts';
import { type KeptDelta, openStore } from '../store/store.ts';
import type { Deltas } from './desk.ts';
import { Problem } from './problem.ts';

export interface ClusterDeltasOptions {
  readonly cluster: DeltaCluster;
  /** Folder of the store that follows it. */
  readonly dir: string;
  readonly environment: Environment;
  /** Seconds since 1970. */
  readonly clock: () => number;
}

/** How long it may take until the cluster answers, and until the store has what was written there. */
const PATIENCE_MS = 15_000;
const LOOK_MS = 50;
const AGAIN = { 'retry-after': '5' } as const;

/** Each change opens the topic anew: they are rare. It throws Problem 403 where the cluster refuses, 503 where it does not answer. */
export function clusterDeltas({ cluster, dir, environment, clock }: ClusterDeltasOptions): Deltas {
  async function change(
    work: (set: DeltaSet) => Promise<Delta>,
    signal: AbortSignal,
  ): Promise<Pick<Delta, 'id' | 'state'>> {
    const set = await opened(signal);
    try {
      return await work(set);
    } catch (error) {
      signal.throwIfAborted();
      throw problemOf(error) ?? error;
    } finally {
      await set.close();
    }
  }

  async function opened(signal: AbortSignal): Promise<DeltaSet> {
    const opening = openSet(cluster, environment, signal);
    const late = delay(PATIENCE_MS, undefined, { ref: false, signal }).then(() => {
      throw silent();
    });
    late.catch(() => undefined);
    try {
      return (await Promise.race([opening, late])).set;
    } catch (error) {
      opening.then(({ set }) => set.close()).catch(() => undefined);
      signal.throwIfAborted();
      if (error instanceof ConfigError) throw new Problem(403, error.message);
      throw problemOf(error) ?? error;
    }
  }

  /** Resolves with the delta as the store has it, once that is so. */
  async function followed<T>(of: (deltas: readonly KeptDelta[]) => T | undefined, signal: AbortSignal): Promise<T> {
    const store = openStore(dir, { readonly: true });
    try {
      for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
        const found = of(store.deltas());
        if (found !== undefined) return found;
        await delay(LOOK_MS, undefined, { signal });
      }
    } finally {
      store.close();
    }
    throw new Problem(503, 'the change is written to the cluster; the store has not followed it yet', AGAIN);
  }

  return {
    async add(asked, signal) {
      const { id } = await change((set) => addToCluster(set, asked, { environment, clock }, signal), signal);
      return await followed((deltas) => deltas.find((delta) => delta.id === id && !delta.paused), signal);
    },

    async pause(id, paused, signal) {
      await change((set) => changeOnCluster(set, id, paused ? 'paused' : 'active', clock, signal), signal);
      return await followed((deltas) => deltas.find((delta) => delta.id === id && delta.paused === paused), signal);
    },

    async remove(id, signal) {
      await change((set) => changeOnCluster(set, id, 'removed', clock, signal), signal);
      await followed((deltas) => deltas.every((delta) => delta.id !== id) || undefined, signal);
    },
  };
}

/** What the cluster refused, or why it could not be asked; undefined of any other error, as of what was asked for. */
function problemOf(error: unknown): Problem | undefined {
  if (error instanceof ConfigError) return undefined;
  const refused = refusal(error);
  if (refused !== undefined) return new Problem(403, refused.message);
  return causesOf(error).some(({ name }) => name?.startsWith('KafkaJS')) ? silent() : undefined;
}

function silent(): Problem {
  return new Problem(503, 'the cluster does not answer: ask again when its brokers are back', AGAIN);
}
