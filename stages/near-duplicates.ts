/** Of texts that say nearly the same, lets the first one through. */
import { Drop, type Stage } from '../pipeline/contract.ts';
import type { Document } from '../schemas/types.ts';
import { type Banded, banded, bandsFor, MINIMA, similarity } from './math/bands.ts';
import { signatureOf } from './math/minhash.ts';
import { mix, shinglesOf } from './math/shingles.ts';
import { type SignatureIndex, type Signed, signatureIndex } from './math/signature-index.ts';

/** Documents let through that `kept` may not know yet: more than a few batches are never on their way. */
const RECENT = 4096;

export interface NearDuplicates extends Stage<Document, Document> {
  /** Of a document that was let through not long ago: `kept` has to know it from now on. */
  signature(key: string): Banded | undefined;
}

/**
 * Texts are compared by their stretches of five words, in small letters: documents whose stretches have a Jaccard index of
 * `threshold` or more with one let through before are near duplicates of it. The index is estimated from signatures.
 *
 * @param kept signatures of the documents that were let through
 */
export function nearDuplicates(threshold: number, kept: SignatureIndex): NearDuplicates {
  const recent = signatureIndex(RECENT);

  return {
    name: 'near-duplicates',
    signature: recent.get,

    process: (batch) =>
      batch.map((document) => {
        const signature = bandedText(document.text, threshold);
        const isLike = likeness(document.key, signature.minima, threshold);
        for (const index of [recent, kept]) {
          for (const other of index.candidates(signature.bands)) if (isLike(other)) return new Drop('near-duplicate');
        }
        recent.add(document.key, signature);
        return [document];
      }),
  };
}

/** What near duplicates of a text are known by, for a threshold of their Jaccard index. */
export function bandedText(text: string, threshold: number): Banded {
  return banded(signatureOf(shinglesOf(wordHashes(text)), MINIMA), bandsFor(threshold));
}

/** Whether another document is so like this one; a document is not like itself. */
export function likeness(key: string, minima: Uint8Array, threshold: number): (other: Signed) => boolean {
  return (other) => other.key !== key && similarity(minima, other.minima) >= threshold;
}

/** A 32-bit hash of each word of a text: runs of letters and digits, in small letters. */
export function wordHashes(text: string): readonly number[] {
  const hashes: number[] = [];
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
    let hash = word.length;
    for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193); // as FNV-1a does
    hashes.push(mix(hash));
  }
  return hashes;
}
