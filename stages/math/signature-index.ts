/** Signatures by their bands, in memory: of a document with two bands about 0.4 kB. Typed arrays of their own would make it twice as much. */
import { type Banded, MINIMA } from './bands.ts';

export interface Signed {
  readonly key: string;
  readonly minima: Uint8Array;
}

export interface SignatureIndex {
  /** What shares a band with it. */
  candidates(bands: Int32Array): Iterable<Signed>;
}

/** Of one band so many are looked at: what is on every page of a site makes bands that all its pages share. */
export const MOST_OF_A_BAND = 64;

/** Documents that there is room for at first. */
const ROOM = 1024;

/** @param bound above so many the oldest are forgotten */
export function signatureIndex(bound: number): SignatureIndex & {
  get(key: string): Banded | undefined;
  add(key: string, signature: Banded): void;
  delete(key: string): void;
} {
  const slots = new Map<string, number>(); // by key, the oldest first
  const free: number[] = [];
  const keys: string[] = []; // by slot, as those below
  const bandsAt: (readonly number[])[] = [];
  let minima = new Uint8Array(Math.min(ROOM, bound + 1) * MINIMA);
  /** Slots by the hash of a band, which its place goes into; most bands are in one document alone. */
  const holders = new Map<number, number | number[]>();

  const minimaAt = (slot: number) => minima.subarray(slot * MINIMA, (slot + 1) * MINIMA);

  function slotsOf(band: number): readonly number[] {
    const held = holders.get(band) ?? [];
    return typeof held === 'number' ? [held] : held;
  }

  function hold(band: number, slot: number): void {
    const held = holders.get(band);
    if (held === undefined) holders.set(band, slot);
    else if (typeof held === 'number') holders.set(band, [held, slot]);
    else held.push(slot);
  }

  function release(band: number, slot: number): void {
    const rest = slotsOf(band).filter((other) => other !== slot);
    if (rest.length === 0) holders.delete(band);
    else holders.set(band, rest.length === 1 ? rest[0]! : rest);
  }

  function forget(key: string): void {
    const slot = slots.get(key);
    if (slot === undefined) return;
    slots.delete(key);
    for (const band of bandsAt[slot]!) release(band, slot);
    free.push(slot);
  }

  return {
    delete: forget,

    get(key) {
      const slot = slots.get(key);
      return slot === undefined
        ? undefined
        : { bands: Int32Array.from(bandsAt[slot]!), minima: Buffer.from(minimaAt(slot)) };
    },

    *candidates(bands) {
      for (const band of bands) {
        for (const slot of slotsOf(band).slice(0, MOST_OF_A_BAND)) yield { key: keys[slot]!, minima: minimaAt(slot) };
      }
    },

    add(key, signature) {
      forget(key);
      const slot = free.pop() ?? slots.size;
      if ((slot + 1) * MINIMA > minima.length) {
        const larger = new Uint8Array(Math.min(2 * minima.length, (bound + 1) * MINIMA));
        larger.set(minima);
        minima = larger;
      }
      slots.set(key, slot);
      keys[slot] = key;
      bandsAt[slot] = Array.from(signature.bands);
      minima.set(signature.minima.subarray(0, MINIMA), slot * MINIMA);
      for (const band of signature.bands) hold(band, slot);
      if (slots.size > bound) for (const oldest of slots.keys()) return forget(oldest);
    },
  };
}
