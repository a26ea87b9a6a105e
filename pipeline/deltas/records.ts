/** Where replay records are read from: a store, or the topic of a cluster. */
import { randomUUID } from 'node:crypto';
import type { Kafka as Client } from 'kafkajs';
import { replayCodec } from '../../schemas/codec.ts';
import type { Basis, Replay } from '../../schemas/types.ts';
import type { Awaitable } from '../contract.ts';
import { readBases } from '../kafka/bases.ts';
import { readAll } from '../kafka/read-all.ts';
import type { Wire } from '../kafka/wire.ts';
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

export function clusterRecords(cluster: {
  readonly client: Client;
  readonly prefix: string;
  readonly wire: Wire;
}): ReplayRecords {
  const { client, prefix, wire } = cluster;
  const topicOnCluster = prefix + REPLAY;
  return {
    bases: (measurement, signal) => readBases(cluster, measurement, signal),

    async size() {
      const admin = client.admin();
      await admin.connect();
      try {
        const bounds = await admin.fetchTopicOffsets(topicOnCluster);
        return bounds.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
      } finally {
        await admin.disconnect();
      }
    },

    async read(each, signal) {
      const group = `${prefix}reader.${REPLAY}.${randomUUID()}`; // no two may read as one group
      await readAll(
        {
          client,
          topic: REPLAY,
          topicOnCluster,
          group,
          wire,
          each: async ({ value, headers }) => {
            if (value !== null) await each(replayCodec.decode(value, headers['schema']));
          },
        },
        signal,
      );
    },
  };
}
