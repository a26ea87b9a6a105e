/** A store from the topics of a cluster: the shares of all workers as one, for `top`, `show` and whatever else reads a store. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { scoreCodec, selectionCodec } from '../schemas/codec.ts';
import type { Selection } from '../schemas/types.ts';
import { quantileSketch } from '../stages/math/quantile.ts';
import { ranking } from '../stages/math/top.ts';
import { STATE } from '../stages/select.ts';
import type { GatherConfig } from './config.ts';
import type { Delivered, Outgoing } from './contract.ts';
import { ConfigError } from './error.ts';
import { kafkaClient } from './kafka/client.ts';
import { readAll } from './kafka/read-all.ts';
import { connectionOf } from './kafka-config.ts';
import { keepTokenizer } from './kept-tokenizer.ts';
import { recordOf, type World } from './scan.ts';
import { COUNTS, CURSORS, DEAD, DROPS, SELECTION, selectionMessage } from './store/messages.ts';
import { openStore } from './store/store.ts';
import { openTarget } from './target.ts';

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
  const client = kafkaClient(connectionOf(config, environment, 'deltasift'), 'patient');
  const name = randomUUID(); // no two may read as one group

  async function read(topic: string, each: (message: Delivered) => void): Promise<void> {
    const topicOnCluster = config.prefix + topic;
    await readAll({ client, topic, topicOnCluster, group: `${config.prefix}reader.${topic}.${name}`, each }, signal);
  }

  const store = openStore(config.store);
  try {
    store.bind(target.measurement);
    store.addDelta(recordOf(target, config));
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
    for (const selection of merged([...changes.values()].map(selectionCodec.decode), config.keep)) {
      write(selectionMessage(selection));
    }
    for (const topic of [COUNTS, DEAD, DROPS, CURSORS]) await read(topic, write);
    flush();
    return { messages, delta: target.delta.id };
  } finally {
    store.close();
  }
}

/**
 * The best of all shares are the best of all documents, and quantile sketches add up, exactly. A pool is the union of its shares:
 * larger than any one's, none of its candidates lost. What a share's pool was running on is its own, and stays with it.
 */
export function* merged(shares: readonly Selection[], keep: number): Generator<Selection> {
  const best = new Map<string, Map<string, Selection>>();
  const quantiles = new Map<string, ReturnType<typeof quantileSketch>>();
  const offers = new Map<string, ReturnType<typeof ranking>>();
  for (const one of shares) {
    const { delta, list, key, value } = one;
    if (list === 'state') {
      if (key !== STATE.quantiles) continue;
      const whole = quantiles.get(delta) ?? quantileSketch();
      quantiles.set(delta, whole);
      whole.merge(quantileSketch(value));
    } else if (list === 'top') {
      const members = best.get(delta) ?? new Map<string, Selection>();
      const order = offers.get(delta) ?? ranking(keep);
      best.set(delta, members);
      offers.set(delta, order);
      const taken = order.offer(key, scoreCodec.decode(value).score);
      if (taken === undefined) continue;
      members.set(key, one);
      if (taken.evicted !== undefined) members.delete(taken.evicted);
    } else {
      yield one;
    }
  }
  for (const members of best.values()) yield* members.values();
  for (const [delta, whole] of quantiles) {
    yield { delta, list: 'state', key: STATE.quantiles, gain: 0, value: Buffer.from(whole.bytes()) };
  }
}
