/**
 * `node bench/near-duplicates.ts SOURCE...`: what `--near-duplicates drop` finds of the near duplicates that there are, by the exact Jaccard
 * index of every document with every document let through, in a scan and across the partitions of a cluster, and what it takes.
 */
import { basename } from 'node:path';
import { Drop } from '../pipeline/contract.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import type { Document } from '../schemas/types.ts';
import { random } from '../stages/math/random.ts';
import { shinglesOf } from '../stages/math/shingles.ts';
import { signatureIndex } from '../stages/math/signature-index.ts';
import { nearDuplicates, wordHashes } from '../stages/near-duplicates.ts';
import { sourceOf } from '../stages/sources/sources.ts';
import { bandsInMemory } from '../test/kit/bands.ts';
import { record, table } from './results.ts';

const THRESHOLDS = [0.7, 0.8, 0.9];
const PARTITIONS = 12;
/** Most messages that a partition handles before another gets to work. */
const BATCH = 64;
const { signal } = new AbortController();

async function documentsOf(spec: string): Promise<{ readonly name: string; readonly documents: readonly Document[] }> {
  const source = await sourceOf(spec, '.');
  const texts = new Set<string>();
  for await (const one of source.read(undefined, signal)) if ('document' in one) texts.add(one.document.text);
  const documents = Array.from(texts, (text, i) => {
    const key = String(i).padStart(64, '0');
    return { ...NO_PROVENANCE, key, id: key, url: null, text };
  });
  return { name: basename(source.name), documents };
}

/** Those let through, in order, and the CPU seconds it took. */
interface Sifted {
  readonly passed: ReadonlySet<string>;
  readonly seconds: number;
}

async function timed(sift: () => Promise<Iterable<string>>): Promise<Sifted> {
  const before = process.cpuUsage();
  const passed = new Set(await sift());
  const { user, system } = process.cpuUsage(before);
  return { passed, seconds: (user + system) / 1e6 };
}

/** One document after the other. */
async function scanned(documents: readonly Document[], threshold: number): Promise<readonly string[]> {
  const kept = signatureIndex(documents.length);
  const stage = nearDuplicates(threshold, kept);
  const passed: string[] = [];
  for (const document of documents) {
    const [outcome] = await stage.process([document], signal);
    if (outcome instanceof Drop) continue;
    kept.add(document.key, stage.signature(document.key)!);
    passed.push(document.key);
  }
  return passed;
}

/** All on their way at once, past partitions that get to work in an order that is drawn. */
async function acrossPartitions(documents: readonly Document[], threshold: number): Promise<readonly string[]> {
  const bands = await bandsInMemory({ threshold, partitions: PARTITIONS });
  bands.publish(documents);
  for (const [i, word] of random(1).words(0, 0, documents.length).entries()) {
    await bands.step(word % PARTITIONS, 1 + (i % BATCH));
  }
  await bands.drain();
  return bands.passed;
}

interface Found {
  /** Dropped, and one is let through that is as alike as asked for. */
  readonly right: number;
  readonly dropped: number;
  /** Besides those, let through behind one that is as alike. */
  readonly missed: number;
}

function judge(documents: readonly Document[], passed: ReadonlySet<string>, threshold: number): Found {
  const exact = exactIndex();
  const byKey = new Map(documents.map((document) => [document.key, document.text]));
  let missed = 0;
  for (const key of passed) {
    missed += Number(exact.nearest(byKey.get(key)!) >= threshold);
    exact.add(byKey.get(key)!);
  }
  const dropped = documents.filter(({ key }) => !passed.has(key));
  const right = dropped.filter(({ text }) => exact.nearest(text) >= threshold).length;
  return { right, dropped: dropped.length, missed };
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
      return [...common].reduce(
        (most, [other, both]) => Math.max(most, both / (shingles.size + sizes[other]! - both)),
        0,
      );
    },
  };
}

const share = (n: number, of: number) => (of === 0 ? '' : `${((100 * n) / of).toFixed(1)} %`);
const rows: (readonly string[])[] = [];
for (const spec of process.argv.slice(2)) {
  const { name, documents } = await documentsOf(spec);
  const characters = documents.reduce((sum, { text }) => sum + text.length, 0);
  for (const threshold of THRESHOLDS) {
    const scan = await timed(() => scanned(documents, threshold));
    const cluster = await timed(() => acrossPartitions(documents, threshold));
    for (const [where, { passed, seconds }] of [
      ['scan', scan],
      [`${PARTITIONS} partitions`, cluster],
    ] as const) {
      const { right, dropped, missed } = judge(documents, passed, threshold);
      const others = documents.filter(({ key }) => passed.has(key) !== scan.passed.has(key)).length;
      rows.push([
        `${name}, ${threshold}, ${where}`,
        ...[documents.length, right + missed, dropped].map(String),
        share(right, dropped),
        share(right, right + missed),
        String(others),
        (characters / 1e6 / seconds).toFixed(1),
      ]);
    }
  }
}
const columns = ['documents', 'near duplicates', 'dropped', 'precision', 'recall', 'unlike the scan', 'MB / CPU s'];
const lines = [
  'Near duplicates found by 128 MinHash minima in bands, against the exact Jaccard index of the stretches of five words with those let through; equal texts left out before.',
  'A scan takes one document after the other; across partitions all are on their way at once, and which partition gets to work is drawn. Unlike the scan: let through by one and dropped by the other; of two that are alike either may be the first.',
  '',
  ...table(['source, threshold, where', ...columns], rows),
];
console.log(lines.join('\n'));
record('Near duplicates', lines);
