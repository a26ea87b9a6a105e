/** Of documents that say nearly the same, lets the first one through where their bands lie apart, in several partitions. */
import { Drop, type Outcome, type Stage } from '../pipeline/contract.ts';
import type { Comparison } from '../schemas/types.ts';
import { type Banded, bandsOf, partsOf } from './math/bands.ts';
import { type SignatureIndex, signatureIndex } from './math/signature-index.ts';
import { likeness } from './near-duplicates.ts';

/** Documents that `kept` may not know yet, or still knows: more than a few batches are never on their way. */
const RECENT = 4096;

export interface CompareOptions {
  /** Jaccard index from which on documents are near duplicates. */
  readonly threshold: number;
  /** The partition that is compared in, of so many. */
  readonly partition: number;
  readonly partitions: number;
  /** What stands in this partition. */
  readonly kept: SignatureIndex & { get(key: string): Banded | undefined };
}

/** What is done with a document that this partition does not drop. */
export type Passage =
  /** It stands here from now on, known by the bands that fall here, and goes on to the next of its partitions, or, behind the last, is let through. */
  | { readonly kind: 'stands'; readonly known: Banded; readonly next: number | undefined }
  /** It was dropped further on, and does not stand here any more. */
  | { readonly kind: 'forgotten' }
  /** It is not for this partition. */
  | { readonly kind: 'astray' };

/** A document, and what is done with it. */
export interface Passed<Of extends Comparison> {
  readonly document: Of;
  readonly passage: Passage;
}

/**
 * All documents pass the partitions of their bands in one order, so that of two near duplicates the one that comes first to the first
 * partition where both have a band stands there when the other comes, and the other is dropped: never both, and never neither.
 */
export function compare<Of extends Comparison>({
  threshold,
  partition,
  partitions,
  kept,
}: CompareOptions): Stage<Of, Passed<Of>> {
  const recent = signatureIndex(RECENT);
  const forgotten = new Set<string>(); // and perhaps not by `kept` yet

  function forget(key: string): void {
    recent.delete(key);
    forgotten.add(key);
    if (forgotten.size > RECENT) for (const one of forgotten) if (kept.get(one) === undefined) forgotten.delete(one);
  }

  function pass(document: Comparison): Passage | Drop {
    const { key, minima } = document;
    if (document.partition !== partition) return { kind: 'astray' };
    if (document.tokens === null) {
      forget(key);
      return { kind: 'forgotten' };
    }
    const bands = bandsOf(partition, document.bands, partitions);
    const isLike = likeness(key, minima, threshold);
    for (const index of [recent, kept]) {
      for (const other of index.candidates(bands)) {
        if (isLike(other) && !(index === kept && forgotten.has(other.key))) return new Drop('near-duplicate');
      }
    }
    const known = { bands, minima };
    recent.add(key, known);
    forgotten.delete(key);
    return { kind: 'stands', known, next: partsOf(document.bands, partitions).find((other) => other > partition) };
  }

  return {
    name: 'near-duplicates',
    process: (batch) =>
      batch.map((document): Outcome<Passed<Of>> => {
        const passage = pass(document);
        return passage instanceof Drop ? passage : [{ document, passage }];
      }),
  };
}

/** The partitions that a document stands in which `partition` drops. */
export function passedBefore({ bands, partition }: Comparison, partitions: number): readonly number[] {
  return partsOf(bands, partitions).filter((other) => other < partition);
}
