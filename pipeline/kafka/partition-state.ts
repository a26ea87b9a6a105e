/** What the stages remember of one partition, as the compacted topics have it. */
import { scoreCodec, selectionCodec, signatureCodec } from '../../schemas/codec.ts';
import type { Score, Signature } from '../../schemas/types.ts';
import type { Delivered } from '../contract.ts';
import { RULES, SEEN, SELECTION, SIGNATURES } from '../store/messages.ts';
import { type ClusterView, readAll } from './read-all.ts';

/** The keys that were handled, the newest of them where there are too many. */
export interface SeenSet {
  has(key: string): boolean;
  /** The key that is forgotten for it. */
  add(key: string): string | undefined;
}

/**
 * At the bound the oldest are forgotten. A text that comes again after so many others is then scored again: its store entry is
 * keyed by the text, so it counts twice but is kept once.
 */
export function seenSet(bound: number): SeenSet & { delete(key: string): void } {
  const keys = new Set<string>();
  return {
    has: (key) => keys.has(key),
    add(key) {
      keys.add(key);
      if (keys.size <= bound) return undefined;
      const [oldest] = keys;
      keys.delete(oldest!);
      return oldest;
    },
    delete: (key) => void keys.delete(key),
  };
}

/** One share of the store: that of a partition, or several merged. */
export interface SavedShare {
  best(delta: string): Iterable<Score>;
  pool(delta: string): Iterable<Score & { readonly gain: number }>;
  other(delta: string, list: string): Iterable<Score>;
  state(delta: string, name: string): Buffer | undefined;
  /** Lets go of all that is kept of a delta; the keys of it in the topic. */
  forget(delta: string): readonly string[];
}

export async function readSeen(
  cluster: ClusterView,
  partition: number,
  bound: number,
  signal: AbortSignal,
): Promise<SeenSet> {
  const seen = seenSet(bound);
  await readPartition(cluster, SEEN, partition, signal, ({ key, value }) => {
    if (value === null) seen.delete(key);
    else seen.add(key);
  });
  return seen;
}

/** Fills an index with the documents that stand in the partition, in order. */
export async function readSignatures(
  cluster: ClusterView,
  partition: number,
  index: {
    add(key: string, signature: Omit<Signature, 'key'>): void;
    delete(key: string): void;
  },
  signal: AbortSignal,
): Promise<void> {
  await readPartition(cluster, SIGNATURES, partition, signal, ({ key, value }) => {
    if (value === null) index.delete(key);
    else index.add(key, signatureCodec.decode(value));
  });
}

/** Running values of the rules, by name. */
export async function readRules(
  cluster: ClusterView,
  partition: number,
  signal: AbortSignal,
): Promise<(name: string) => Uint8Array | undefined> {
  const values = new Map<string, Buffer>();
  await readPartition(cluster, RULES, partition, signal, ({ key, value }) => {
    if (value === null) values.delete(key);
    else values.set(key, value);
  });
  return (name) => values.get(name);
}

export async function readShare(cluster: ClusterView, partition: number, signal: AbortSignal): Promise<SavedShare> {
  const changes = new Map<string, Buffer>();
  await readPartition(cluster, SELECTION, partition, signal, ({ key, value }) => {
    if (value === null) changes.delete(key);
    else changes.set(key, value);
  });

  function* members(delta: string, list: string): Generator<Score & { readonly gain: number }> {
    for (const [key, value] of changes) {
      if (!key.startsWith(`${delta}/${list}/`)) continue;
      const selection = selectionCodec.decode(value);
      yield { ...scoreCodec.decode(selection.value), gain: selection.gain };
    }
  }

  return {
    best: (delta) => members(delta, 'top'),
    pool: (delta) => members(delta, 'pool'),
    other: members,
    forget(delta) {
      const keys = [...changes.keys()].filter((key) => key.startsWith(`${delta}/`));
      for (const key of keys) changes.delete(key);
      return keys;
    },
    state(delta, name) {
      const value = changes.get(`${delta}/state/${name}`);
      return value === undefined ? undefined : selectionCodec.decode(value).value;
    },
  };
}

async function readPartition(
  cluster: ClusterView,
  topic: string,
  partition: number,
  signal: AbortSignal,
  each: (message: Delivered) => void,
): Promise<void> {
  await readAll(cluster, { topic, from: new Map([[partition, 0]]), each }, signal);
}
