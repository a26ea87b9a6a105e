/** Topics of a cluster as a store that is gone afterwards: for commands that look once, and have no store that follows. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterViewOf } from '../config/cluster-view.ts';
import type { KafkaConfig } from '../config/kafka.ts';
import type { WireConfig } from '../config/wire.ts';
import type { Delivered } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { lagOf } from '../kafka/lag.ts';
import { readAll } from '../kafka/read-all.ts';
import { openStore } from '../store/store.ts';
import type { LegPlan } from '../topology.ts';
import { gathering } from './gathering.ts';

export interface Glimpse {
  /** Named without the prefix. */
  readonly topics: readonly string[];
  /** Whose lag is looked up too. */
  readonly legs?: readonly LegPlan[];
}

/** No list of documents is read. */
const NO_SHARES = { apply: () => [], settle: () => [], forget: () => undefined };

/**
 * @param use is given the store's folder
 * @throws ConfigError where a secret or a file is missing, or the cluster does not let the user read
 */
export async function glimpse<T>(
  config: KafkaConfig & Omit<WireConfig, 'wire'>,
  { topics, legs = [] }: Glimpse,
  environment: Environment,
  use: (dir: string) => T,
  signal: AbortSignal,
): Promise<T> {
  const cluster = await clusterViewOf(config, environment, 'deltasift', signal);
  const dir = mkdtempSync(join(tmpdir(), 'deltasift-'));
  try {
    const store = openStore(dir);
    const admin = cluster.client.admin();
    try {
      const scan = store.scan('cluster');
      const held = gathering({ store, scan, shares: NO_SHARES, keep: Number.POSITIVE_INFINITY });
      for (const topic of topics) {
        const messages: Delivered[] = [];
        await readAll(cluster, { topic, each: (message) => void messages.push(message) }, signal);
        held.take(messages);
      }
      await admin.connect();
      for (const { name, reads } of legs) {
        const partitions = await lagOf(admin, config.prefix + name, config.prefix + reads);
        const sum = (of: 'next' | 'end') => partitions.reduce((total, one) => total + one[of], 0);
        held.waits(name, reads, sum('next'), sum('end'));
      }
    } finally {
      await admin.disconnect();
      store.close();
    }
    return use(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
