/**
 * `node bench/pairs/pairs.ts SECTION FOLDER PAIR[:DOCUMENTS]...`: the figures of docs/results.md that ask for pairs whose tuning data is known, in
 * a folder as known-pairs.ts has it. Scans are kept in node_modules/.cache. Printed, and kept in bench/RESULTS.md.
 */
import { fileURLToPath } from 'node:url';
import { record } from '../results.ts';
import { type KnownPair, knownPair } from './known-pairs.ts';
import { pointsSection } from './points.ts';
import { referenceSection } from './reference.ts';
import { streamSection } from './stream.ts';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/deltasift-bench/pairs', import.meta.url));
const { signal } = new AbortController();

const SECTIONS: Readonly<
  Record<
    string,
    { readonly title: string; run(folder: string, pairs: readonly KnownPair[]): Promise<readonly string[]> }
  >
> = {
  reference: {
    title: 'Scorers against a reference',
    run: (folder, pairs) => referenceSection(folder, pairs, CACHE, signal),
  },
  points: { title: 'Where the gradient is taken', run: (_, pairs) => pointsSection(pairs, CACHE, signal) },
  stream: { title: 'A set picked from a stream', run: (_, pairs) => streamSection(pairs, CACHE, signal) },
};

const [name = '', folder, ...pairs] = process.argv.slice(2);
const section = SECTIONS[name];
if (section === undefined || folder === undefined || pairs.length === 0) {
  console.error(`usage: node bench/pairs/pairs.ts ${Object.keys(SECTIONS).join('|')} FOLDER PAIR[:DOCUMENTS]...`);
  process.exit(78);
}
const lines = await section.run(
  folder,
  pairs.map((pair) => knownPair(folder, pair)),
);
console.log(`## ${section.title}\n\n${lines.join('\n')}\n`);
record(section.title, lines);
