/**
 * `npm run bench [-- SECTION...]`: what the parts cost, on one thread, as ratios. Without a section all of them run: half an
 * hour and a gigabyte in node_modules/.cache. Results are printed and kept in bench/RESULTS.md.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { record } from './results.ts';

const ROUNDS = 9;
/** Of minutes each. */
const CLUSTER_ROUNDS = 3;
const REPLAY_ROUNDS = 3;
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const tiny = {
  base: path('../test/golden/tiny/base'),
  tuned: path('../test/golden/tiny/tuned'),
  documents: path('../test/golden/tiny/documents.json'),
};
const { signal } = new AbortController();
const cache = path('../node_modules/.cache/deltasift-bench');
const pair = async () => (await import('./gpt2-small.ts')).gpt2Small(cache, path('../examples/demo/base'));

/** Each loads its own code only: it counts as memory. */
const sections: Readonly<Record<string, { readonly title: string; run(): Promise<readonly string[]> }>> = {
  graph: {
    title: 'The graph',
    run: async () => (await import('./graph.ts')).graphSection(await pair(), ROUNDS, signal),
  },
  modes: {
    title: 'Modes and many deltas',
    run: async () => (await import('./modes.ts')).modesSection(await pair(), ROUNDS, signal),
  },
  int8: {
    title: 'int8',
    run: async () => (await import('./int8.ts')).int8Section(await pair(), tiny, ROUNDS, signal),
  },
  pipeline: {
    title: 'The pipeline',
    run: async () => (await import('./pipeline.ts')).pipelineSection(await pair(), cache, ROUNDS, signal),
  },
  replay: {
    title: 'Speed of replay',
    run: async () => (await import('./replay-speed.ts')).replaySection(await pair(), cache, REPLAY_ROUNDS, signal),
  },
  selection: {
    title: 'Picking a set',
    run: async () => (await import('./selection.ts')).selectionSection(signal),
  },
  live: {
    title: 'The running set in a scan',
    run: async () => (await import('./live-set.ts')).liveSetSection(await pair(), signal),
  },
  alerts: {
    title: 'Alerts',
    run: async () => (await import('./alerts.ts')).alertsSection(),
  },
  api: {
    title: 'The API',
    run: async () => (await import('./api.ts')).apiSection(),
  },
  page: {
    title: 'The page',
    run: async () => (await import('./page.ts')).pageSection(),
  },
  growth: {
    title: 'A long scan',
    run: async () => (await import('./growth.ts')).growthSection(tiny, cache),
  },
  sources: {
    title: 'Sources',
    run: async () => (await import('./sources.ts')).sourcesSection(cache, signal),
  },
  transport: {
    title: 'The transport of a cluster',
    run: async () => (await import('./transport.ts')).transportSection(ROUNDS),
  },
  cluster: {
    title: 'A cluster against a scan',
    run: async () => (await import('./cluster.ts')).clusterSection(await pair(), cache, CLUSTER_ROUNDS, signal),
  },
  watching: {
    title: 'Watching a cluster',
    run: async () => (await import('./watching.ts')).watchingSection(tiny),
  },
  reading: {
    title: 'Memory of reading',
    run: async () => (await import('./reading.ts')).readingSection(cache, signal),
  },
  bombs: {
    title: 'Bombs',
    run: async () => (await import('./bombs.ts')).bombsSection(cache),
  },
  recovery: {
    title: 'Recovery on a cluster',
    run: async () => (await import('./recovery.ts')).recoverySection(),
  },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(sections, name));
if (unknown.length > 0) {
  console.error(`no section ${unknown.join(', ')}; there are ${Object.keys(sections).join(', ')}`);
  process.exitCode = 78;
} else {
  const [only, ...more] = asked.length > 0 ? asked : Object.keys(sections);
  if (more.length === 0) await measure(only!);
  else for (const name of [only!, ...more]) inOwnProcess(name);
}

async function measure(name: string): Promise<void> {
  const { title, run } = sections[name]!;
  const lines = await run();
  console.log(`## ${title}\n\n${lines.join('\n')}\n`);
  record(title, lines);
}

/** The memory that one section took is not the next one's. */
function inOwnProcess(name: string): void {
  const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), name], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
