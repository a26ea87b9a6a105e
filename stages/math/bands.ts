/**
 * Locality-sensitive hashing of MinHash signatures (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3): cut into b
 * bands of r minima, two sets of Jaccard index J agree on some band with probability 1 - (1 - J^r)^b.
 */
import type { Signature } from '../../schemas/types.ts';
import { mix } from './shingles.ts';

/** What near duplicates of a text are known by. */
export type Banded = Omit<Signature, 'key'>;

/** Minima of a signature, and bytes of its compact form. */
export const MINIMA = 128;

export interface Bands {
  readonly count: number;
  readonly rows: number;
}

/** Probability with which near duplicates agree on a band. */
const RECALL = 0.98;

/** The widest bands with which sets of that Jaccard index, and all that are more alike, are found so often at least. */
export function bandsFor(threshold: number): Bands {
  for (let rows = MINIMA; rows > 1; rows--) {
    const count = Math.floor(MINIMA / rows);
    if (1 - (1 - threshold ** rows) ** count >= RECALL) return { count, rows };
  }
  return { count: MINIMA, rows: 1 };
}

/** @param signature [128] */
export function banded(signature: Int32Array, { count, rows }: Bands): Banded {
  const bands = Int32Array.from({ length: count }, (_, band) => {
    let hash = mix(band + 1);
    for (const minimum of signature.subarray(band * rows, (band + 1) * rows)) hash = mix(hash ^ mix(minimum));
    return hash;
  });
  return { bands, minima: Buffer.from(signature.map((minimum) => mix(minimum) & 0xff)) };
}

/** Which of so many parts has the documents that hold this band. */
function partOf(band: number, parts: number): number {
  return (band >>> 0) % parts;
}

/** Those of a document's bands that a part has. */
export function bandsOf(part: number, bands: Int32Array, parts: number): Int32Array {
  return bands.filter((band) => partOf(band, parts) === part);
}

/** The parts that have some band of a document, in the one order that all documents pass them in. */
export function partsOf(bands: Int32Array, parts: number): readonly number[] {
  return [...new Set(Array.from(bands, (band) => partOf(band, parts)))].sort((a, b) => a - b);
}

/** An estimate of the Jaccard index, with a standard error of at most .045: equal bytes, less those that are equal by chance. */
export function similarity(a: Uint8Array, b: Uint8Array): number {
  let equal = 0;
  for (let i = 0; i < MINIMA; i++) if (a[i] === b[i]) equal++;
  const chance = 1 / 256;
  return Math.max(0, (equal / MINIMA - chance) / (1 - chance));
}
