/** A store that takes what the topics of a cluster say, and how far it is in them, in one transaction. */
import { deltaCodec } from '../../schemas/codec.ts';
import type { Delta } from '../../schemas/types.ts';
import type { Delivered } from '../contract.ts';
import { keepDelta } from '../deltas/keep.ts';
import { ConfigError } from '../error.ts';
import { DELTAS } from '../kafka/delta-set.ts';
import { DEAD, REPLAYED, SELECTION } from '../store/messages.ts';
import type { Scan } from '../store/scan.ts';
import type { Store } from '../store/store.ts';
import type { LiveShares } from './live-shares.ts';

export interface Gathering {
  /** A delta of the settings, where the cluster does not say otherwise. */
  include(delta: Delta): void;
  /** The next offset of each partition of a topic; those of which nothing was taken are left out. */
  placesOf(topic: string): ReadonlyMap<number, number>;
  /** All of it or nothing. Deltas that were taken before may come again, and are then only known. */
  take(messages: readonly Delivered[]): void;
  /** Messages that were taken since it was made. */
  taken(): number;
  /** How far a group of the cluster is in a topic, and how far it could be. */
  waits(group: string, topic: string, next: number, end: number): void;
}

export interface GatheringOptions {
  readonly store: Store;
  readonly scan: Scan;
  readonly shares: LiveShares;
  /** Best documents kept of a delta, where its workers keep as many. */
  readonly keep: number;
  /** Deltas of another measurement are left out; none where it is left out. */
  readonly measurement?: string;
}

const READER = 'gather';

/** @throws ConfigError where the store holds documents that are from no cluster */
export function gathering({ store, scan, shares, keep, measurement }: GatheringOptions): Gathering {
  const { log } = scan;
  const next = new Map<string, number>();
  for (const place of log.places()) if (place.group === READER) next.set(place.topic, place.next);
  if (next.size === 0 && scan.counts().length > 0) {
    throw new ConfigError(`the store holds a scan of this machine: name another folder for what comes from a cluster`);
  }
  /** Deltas that were removed, or are of another measurement: nothing of theirs is taken. */
  const leftOut = new Set<string>();
  /** Letters that were sent again before they came here. */
  const replayed = new Set<string>();
  let taken = 0;

  function keepLess(delta: Delta): void {
    keepDelta(store, { ...delta, keep: Math.min(keep, delta.keep) }, scan.name);
  }

  function changeDelta(delta: Delta, isNew: boolean): void {
    const isOurs = measurement === undefined || delta.measurement === measurement;
    if (isOurs && delta.state !== 'removed') {
      leftOut.delete(delta.id);
      if (isNew) keepLess(delta);
      return;
    }
    leftOut.add(delta.id);
    if (!isNew) return;
    shares.forget(delta.id);
    if (store.deltas().some(({ id }) => id === delta.id)) store.removeDelta(delta.id);
  }

  const placeOf = ({ topic, partition }: Delivered) => `${topic}/${partition}`;

  function apply(message: Delivered): void {
    const { topic, partition, offset, key, value, headers } = message;
    switch (topic) {
      case DELTAS:
        if (value !== null) changeDelta(deltaCodec.decode(value), offset >= (next.get(placeOf(message)) ?? 0));
        return;
      case SELECTION:
        if (leftOut.has(key.split('/', 1)[0]!)) return;
        for (const change of shares.apply(message)) scan.write(change);
        return;
      case REPLAYED:
        if (!scan.forgetLetter(key)) replayed.add(key);
        return;
      case DEAD: {
        const letter = `${partition}/${offset}`;
        if (!replayed.delete(letter)) scan.write({ ...message, headers: { ...headers, letter } });
        return;
      }
      default:
        scan.write(message);
    }
  }

  return {
    include(delta) {
      if (!leftOut.has(delta.id) && store.deltas().every(({ id }) => id !== delta.id)) keepLess(delta);
    },

    taken: () => taken,

    placesOf(topic) {
      const own = [...next].filter(([name]) => name.startsWith(`${topic}/`));
      return new Map(own.map(([name, offset]) => [Number(name.slice(topic.length + 1)), offset]));
    },

    take(messages) {
      const behind = new Map<string, number>();
      scan.commit(() => {
        for (const message of messages) {
          apply(message);
          const place = placeOf(message);
          behind.set(place, Math.max(message.offset + 1, next.get(place) ?? 0));
        }
        for (const change of shares.settle()) scan.write(change);
        for (const [place, offset] of behind) log.commit(place, READER, offset);
      });
      for (const [place, offset] of behind) next.set(place, offset);
      taken += messages.length;
    },

    waits(group, topic, at, end) {
      const on = `kafka:${topic}`; // no reader of the store's own log
      const known = log.places().find((place) => place.topic === on && place.group === group);
      if (known?.next === at && log.head(on) === end) return;
      scan.commit(() => log.report(on, group, at, end));
    },
  };
}
