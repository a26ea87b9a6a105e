/** Signatures by their bands, in memory. */
import type { Banded } from './bands.ts';

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

/** @param bound above so many the oldest are forgotten */
export function signatureIndex(bound: number): SignatureIndex & {
  get(key: string): Banded | undefined;
  add(key: string, signature: Banded): void;
  delete(key: string): void;
} {
  const signatures = new Map<string, Banded>();
  const holders = new Map<number, string[]>(); // by the hash of a band, which its place goes into

  function forget(key: string): void {
    const known = signatures.get(key);
    signatures.delete(key);
    for (const band of known?.bands ?? []) {
      const rest = (holders.get(band) ?? []).filter((other) => other !== key);
      if (rest.length === 0) holders.delete(band);
      else holders.set(band, rest);
    }
  }

  return {
    get: (key) => signatures.get(key),
    delete: forget,

    *candidates(bands) {
      for (const band of bands) {
        for (const key of holders.get(band)?.slice(0, MOST_OF_A_BAND) ?? []) {
          yield { key, minima: signatures.get(key)!.minima };
        }
      }
    },

    add(key, signature) {
      forget(key);
      signatures.set(key, signature);
      for (const band of signature.bands) {
        const keys = holders.get(band);
        if (keys === undefined) holders.set(band, [key]);
        else keys.push(key);
      }
      if (signatures.size > bound) for (const oldest of signatures.keys()) return forget(oldest);
    },
  };
}
