/**
 * `npm run bench [-- SECTION...]`: what the parts cost, on one thread, as ratios. Without a section all of them run: about half an
 * hour and a gigabyte in node_modules/.cache. Results are printed and kept in bench/RESULTS.md.
 */
import { fileURLToPath } from 'node:url';
import { gpt2Small } from './gpt2-small.ts';
import { graphSection } from './graph.ts';
import { growthSection } from './growth.ts';
import { int8Section } from './int8.ts';
import { pipelineSection } from './pipeline.ts';
import { record } from './results.ts';
import { selectionSection } from './selection.ts';

const ROUNDS = 9;
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const tiny = {
  base: path('../test/golden/tiny/base'),
  tuned: path('../test/golden/tiny/tuned'),
  documents: path('../test/golden/tiny/documents.json'),
};
const { signal } = new AbortController();
const cache = path('../node_modules/.cache/deltasift-bench');
const pair = () => gpt2Small(cache, path('../examples/demo/base'));

const sections: Readonly<Record<string, { readonly title: string; run(): Promise<readonly string[]> }>> = {
  graph: { title: 'The graph', run: async () => graphSection(await pair(), ROUNDS, signal) },
  int8: { title: 'int8', run: async () => int8Section(await pair(), tiny, ROUNDS, signal) },
  pipeline: {
    title: 'The pipeline',
    run: async () => pipelineSection(await pair(), cache, ROUNDS, signal),
  },
  selection: { title: 'Picking a set', run: () => selectionSection(signal) },
  growth: { title: 'A long scan', run: () => growthSection(tiny, cache) },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(sections, name));
if (unknown.length > 0) {
  console.error(`no section ${unknown.join(', ')}; there are ${Object.keys(sections).join(', ')}`);
  process.exitCode = 78;
} else {
  for (const name of asked.length > 0 ? asked : Object.keys(sections)) {
    const { title, run } = sections[name]!;
    const lines = await run();
    console.log(`## ${title}\n\n${lines.join('\n')}\n`);
    record(title, lines);
  }
}
