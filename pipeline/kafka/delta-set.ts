/** The deltas of a cluster, as the compacted topic has them, kept up to date while others change them. */
import { setTimeout as delay } from 'node:timers/promises';
import { deltaCodec } from '../../schemas/codec.ts';
import type { Delta } from '../../schemas/types.ts';
import type { Outgoing } from '../contract.ts';
import { bell } from '../embedded/bell.ts';
import { ConfigError } from '../error.ts';
import { refusal } from './failure.ts';
import { Partitioners } from './kafkajs.ts';
import { type ClusterView, readAll } from './read-all.ts';
import { stamp } from './stamp.ts';
import { topicsThere } from './visible.ts';
import type { Wire } from './wire.ts';

export const DELTAS = 'deltas';

export interface DeltaSet {
  get(id: string): Delta | undefined;
  /** Those that were removed too, in the order of their ids. */
  all(): readonly Delta[];
  /** Goes up with every change. */
  version(): number;
  /** Resolves when all that was written before the call is in the set. */
  catchUp(signal: AbortSignal): Promise<void>;
  /** Resolves when it is in the set. */
  put(delta: Delta, signal: AbortSignal): Promise<void>;
  /** Writes a message that needs no transaction. */
  send(message: Outgoing): Promise<void>;
  close(): Promise<void>;
}

export interface DeltaSetOptions extends ClusterView {
  readonly wire: Wire;
}

const AGAIN_MS = 500;

/**
 * Filled before it resolves. A delta that was removed stays in the topic as such, so that the newest message of a key says what
 * became of it, and none is without a value.
 *
 * @throws ConfigError where the cluster has no such topic, or does not let the user read it
 */
export async function openDeltaSet(cluster: DeltaSetOptions, signal: AbortSignal): Promise<DeltaSet> {
  const { client, prefix, wire, note } = cluster;
  const topicOnCluster = prefix + DELTAS;
  const deltas = new Map<string, Delta>();
  const reached = new Map<number, number>();
  const changed = bell();
  const closing = new AbortController();
  let version = 0;
  let refused: ConfigError | undefined;
  const admin = client.admin();
  const producer = client.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  let producing: Promise<void> | undefined;

  async function follow(): Promise<void> {
    const { signal: ending } = closing;
    while (!ending.aborted) {
      try {
        await readAll(
          cluster,
          {
            topic: DELTAS,
            follow: true,
            known: true,
            each: ({ key, value, headers }) => {
              if (value !== null) take(key, deltaCodec.decode(value, headers['schema']));
            },
            reached(partition, next) {
              reached.set(partition, next);
              changed.ring();
            },
          },
          ending,
        );
      } catch (error) {
        refused = refusal(error);
        if (refused !== undefined) return changed.ring();
        if (!ending.aborted)
          note?.(`${topicOnCluster} is read anew: ${error instanceof Error ? error.message : error}`);
        await delay(AGAIN_MS, undefined, { signal: ending }).catch(() => undefined); // the cluster is away: read anew
      }
    }
  }

  function take(key: string, delta: Delta): void {
    if (delta.id !== key) return; // nothing of ours
    const known = deltas.get(key);
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(delta)) return;
    deltas.set(key, delta);
    version++;
  }

  async function catchUp(waiting: AbortSignal): Promise<void> {
    const bounds = await admin.fetchTopicOffsets(topicOnCluster);
    const isThere = () => {
      if (refused !== undefined) throw refused;
      return bounds.every(({ partition, low, high }) => low === high || (reached.get(partition) ?? 0) >= Number(high));
    };
    await changed.until(isThere, AbortSignal.any([waiting, closing.signal]));
  }

  async function send(message: Outgoing): Promise<void> {
    producing ??= producer.connect();
    await producing;
    const { topic, key, value, headers } = wire.frame(stamp(message, undefined));
    await producer.send({ topic: prefix + topic, acks: -1, messages: [{ key, value, headers: { ...headers } }] });
  }

  await admin.connect();
  const close = async () => {
    closing.abort();
    await following;
    await admin.disconnect();
    await producing?.then(() => producer.disconnect()).catch(() => undefined);
  };
  let following: Promise<void> = Promise.resolve();
  try {
    if (!(await topicsThere(admin, [topicOnCluster])).has(topicOnCluster)) {
      throw new ConfigError(`no topic ${topicOnCluster} on the cluster: make it with \`deltasift topics create\``);
    }
    following = follow();
    await catchUp(signal);
  } catch (error) {
    await close();
    throw error;
  }

  return {
    get: (id) => deltas.get(id),
    all: () => [...deltas.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    version: () => version,
    catchUp,
    send,

    async put(delta, waiting) {
      await send({ topic: DELTAS, key: delta.id, value: deltaCodec.encode(delta), headers: {} });
      await catchUp(waiting);
    },

    close,
  };
}
