/**
 * `node bench/near-duplicates.ts SOURCE...`: what `--near-duplicates drop` finds of the near duplicates that there are, by the exact Jaccard
 * index of every document with every document let through before it, and what it takes.
 */
import { basename } from 'node:path';
import { Drop } from '../pipeline/contract.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import { shinglesOf } from '../stages/math/shingles.ts';
import { signatureIndex } from '../stages/math/signature-index.ts';
import { nearDuplicates, wordHashes } from '../stages/near-duplicates.ts';
import { sourceOf } from '../stages/sources/sources.ts';
import { record, table } from './results.ts';

const THRESHOLDS = [0.7, 0.8, 0.9];
const { signal } = new AbortController();

async function textsOf(spec: string): Promise<{ readonly name: string; readonly texts: readonly string[] }> {
  const source = await sourceOf(spec, '.');
  const texts: string[] = [];
  for await (const one of source.read(undefined, signal)) if ('document' in one) texts.push(one.document.text);
  return { name: basename(source.name), texts: [...new Set(texts)] };
}

interface Found {
  /** Dropped, and there is one before it, let through, that is as alike as asked for. */
  readonly right: number;
  readonly dropped: number;
  /** With one before it, let through, that is as alike. */
  readonly there: number;
  readonly seconds: number;
}

async function find(texts: readonly string[], threshold: number): Promise<Found> {
  const kept = signatureIndex(texts.length);
  const stage = nearDuplicates(threshold, kept);
  const exact = exactIndex();
  let [right, dropped, there, seconds] = [0, 0, 0, 0];
  for (const [i, text] of texts.entries()) {
    const key = String(i);
    const start = performance.now();
    const [outcome] = await stage.process([{ key, id: key, url: null, text, ...NO_PROVENANCE }], signal);
    seconds += (performance.now() - start) / 1000;
    const isDropped = outcome instanceof Drop;
    const isThere = exact.nearest(text) >= threshold;
    if (!isDropped) {
      kept.add(key, stage.signature(key)!);
      exact.add(text);
    }
    dropped += Number(isDropped);
    there += Number(isThere);
    right += Number(isDropped && isThere);
  }
  return { right, dropped, there, seconds };
}

/** Exact, through an index of the shingles of all that was added. */
function exactIndex() {
  const holders = new Map<number, number[]>();
  const sizes: number[] = [];
  return {
    add(text: string): void {
      const shingles = shinglesOf(wordHashes(text));
      for (const shingle of shingles) {
        const list = holders.get(shingle);
        if (list === undefined) holders.set(shingle, [sizes.length]);
        else list.push(sizes.length);
      }
      sizes.push(shingles.size);
    },

    nearest(text: string): number {
      const shingles = shinglesOf(wordHashes(text));
      const common = new Map<number, number>();
      for (const shingle of shingles) {
        for (const other of holders.get(shingle) ?? []) common.set(other, (common.get(other) ?? 0) + 1);
      }
      return Math.max(0, ...[...common].map(([other, both]) => both / (shingles.size + sizes[other]! - both)));
    },
  };
}

const share = (n: number, of: number) => (of === 0 ? '' : `${((100 * n) / of).toFixed(1)} %`);
const rows: (readonly string[])[] = [];
for (const spec of process.argv.slice(2)) {
  const { name, texts } = await textsOf(spec);
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  for (const threshold of THRESHOLDS) {
    const { right, dropped, there, seconds } = await find(texts, threshold);
    rows.push([
      `${name}, ${threshold}`,
      ...[texts.length, there, dropped].map(String),
      share(right, dropped),
      share(right, there),
      (characters / 1e6 / seconds).toFixed(1),
    ]);
  }
}
const lines = [
  'Near duplicates found by 128 MinHash minima in bands, against the exact Jaccard index of the stretches of five words; equal texts left out before.',
  '',
  ...table(['source, threshold', 'documents', 'near duplicates', 'dropped', 'precision', 'recall', 'MB/s'], rows),
];
console.log(lines.join('\n'));
record('Near duplicates', lines);
