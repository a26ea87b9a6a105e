/** A store from the topics of a cluster: the shares of all workers as one, for `top`, `show` and whatever else reads a store. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { deltaCodec, selectionCodec } from '../schemas/codec.ts';
import type { Delta } from '../schemas/types.ts';
import { mergedShares } from '../stages/merge-shares.ts';
import { clusterViewOf } from './config/cluster-view.ts';
import type { GatherConfig } from './config/config.ts';
import { registryOf } from './config/wire.ts';
import type { Delivered, Outgoing } from './contract.ts';
import { entryOf } from './deltas/cluster.ts';
import { keepDelta } from './deltas/keep.ts';
import { ConfigError } from './error.ts';
import { DELTAS } from './kafka/delta-set.ts';
import { readAll } from './kafka/read-all.ts';
import type { World } from './scan/scan.ts';
import {
  ALERTS,
  COUNTS,
  CURSORS,
  DEAD,
  DROPS,
  REPLAYED,
  RULES,
  SELECTION,
  selectionMessage,
} from './store/messages.ts';
import { openStore } from './store/store.ts';
import { keepTokenizer } from './target/kept-tokenizer.ts';
import { openTarget } from './target/target.ts';

/** Messages to a transaction of the store. */
const CHUNK = 1000;

/**
 * What was committed up to now, into a folder that holds no store yet.
 *
 * @throws CheckpointError, ConfigError as a scan does
 */
export async function gather(
  config: GatherConfig,
  { environment, note }: Pick<World, 'environment' | 'note'>,
  signal: AbortSignal,
): Promise<{ readonly messages: number; readonly delta: string }> {
  if (existsSync(join(config.store, 'store.sqlite'))) {
    throw new ConfigError(`${config.store} holds a store already: name a folder that holds none`);
  }
  const target = await openTarget(config, environment, signal);
  for (const sentence of target.notes) note(sentence);
  registryOf(config, environment); // refuses a setting that lacks it
  const cluster = await clusterViewOf(config, environment, 'deltasift', signal);

  async function read(topic: string, each: (message: Delivered) => void): Promise<void> {
    await readAll(cluster, { topic, each }, signal);
  }

  const store = openStore(config.store);
  try {
    store.bind(target.measurement);
    const deltas = new Map<string, Delta>();
    await read(DELTAS, ({ key, value }) => {
      if (value !== null) deltas.set(key, deltaCodec.decode(value));
    });
    const own = deltas.get(target.delta.id) ?? entryOf(target, config, () => 0);
    const there = [...deltas.values()].filter(
      ({ id, state, measurement }) => id !== own.id && state !== 'removed' && measurement === target.measurement.id,
    );
    if (own.state === 'removed' && there.length === 0) {
      throw new ConfigError(`delta ${own.id} was removed from the cluster, and there is no other of its measurement`);
    }
    const kept = own.state === 'removed' ? there : [own, ...there];
    for (const delta of kept) keepDelta(store, delta, target.delta.id);
    const isKept = new Set(kept.map(({ id }) => id));
    keepTokenizer(config.store, target.files);
    const scan = store.scan(target.delta.id);
    let waiting: Outgoing[] = [];
    let messages = 0;
    const write = (message: Outgoing) => {
      messages++;
      waiting.push(message);
      if (waiting.length === CHUNK) flush();
    };
    const flush = () => {
      const written = waiting;
      waiting = [];
      scan.commit(() => {
        for (const message of written) scan.write(message);
      });
    };

    const changes = new Map<string, Buffer>(); // the last of each key of each share
    await read(SELECTION, ({ partition, key, value }) => {
      messages++;
      if (value === null) changes.delete(`${partition} ${key}`);
      else changes.set(`${partition} ${key}`, value);
    });
    const shares = [...changes.values()].map((value) => selectionCodec.decode(value));
    const ofKept = shares.filter(({ delta }) => isKept.has(delta));
    for (const selection of mergedShares(ofKept, { keep: config.keep, others: config.pool })) {
      write(selectionMessage(selection));
    }
    const replayed = new Set<string>();
    await read(REPLAYED, ({ key }) => replayed.add(key));
    await read(DEAD, (letter) => {
      if (!replayed.has(`${letter.partition}/${letter.offset}`)) write(letter);
    });
    for (const topic of [COUNTS, DROPS, CURSORS, RULES, ALERTS]) await read(topic, write);
    flush();
    return { messages, delta: target.delta.id };
  } finally {
    store.close();
  }
}
