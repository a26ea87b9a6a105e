/** Where replay records are read from: a store, or the topic of a cluster. */
import { replayCodec } from '../../schemas/codec.ts';
import type { Basis, Replay } from '../../schemas/types.ts';
import type { Awaitable } from '../contract.ts';
import { readBases } from '../kafka/bases.ts';
import { boundsOf } from '../kafka/bounds.ts';
import { type ClusterView, readAll } from '../kafka/read-all.ts';
import { REPLAY } from '../store/messages.ts';
import type { Store } from '../store/store.ts';

export interface ReplayRecords {
  /** What records of a measurement are written in; empty where none are kept. */
  bases(measurement: string, signal: AbortSignal): Promise<readonly Basis[]>;
  /** How many there are, those of other measurements among them; of a cluster its messages and their markers. */
  size(signal: AbortSignal): Promise<number>;
  read(each: (record: Replay) => Awaitable<void>, signal: AbortSignal): Promise<void>;
}

export function storeRecords({ records }: Store): ReplayRecords {
  return {
    async bases() {
      const basis = records.basis();
      return basis === undefined ? [] : [basis];
    },
    size: async () => records.size().records,
    async read(each, signal) {
      for (const record of records.all()) {
        signal.throwIfAborted();
        await each(record);
      }
    },
  };
}

export function clusterRecords(cluster: ClusterView): ReplayRecords {
  return {
    bases: (measurement, signal) => readBases(cluster, measurement, signal),

    async size() {
      const bounds = await boundsOf(cluster, REPLAY);
      return bounds.reduce((sum, { low, high }) => sum + high - low, 0);
    },

    async read(each, signal) {
      await readAll(
        cluster,
        {
          topic: REPLAY,
          each: async ({ value, headers }) => {
            if (value !== null) await each(replayCodec.decode(value, headers['schema']));
          },
        },
        signal,
      );
    },
  };
}
