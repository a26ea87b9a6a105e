/**
 * `node bench/soak.ts [--minutes N] [--kafka]`: `scan --follow`, or with --kafka `crawl --follow` and a worker of all legs on a broker of
 * its own, of a folder to which something is added all the time, in new files and at the end of one, on the small pair of test/golden.
 * Says how memory and files grow; reads /proc: Linux only. Stopped early, by SIGINT, it says so of the time it had.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startBroker } from '../test/kit/broker.ts';
import { documentsFile } from './documents.ts';
import { memoryOf } from './proc.ts';
import { median } from './race.ts';
import { record, table } from './results.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const pair = ['--base', path('../test/golden/tiny/base'), '--tuned', path('../test/golden/tiny/tuned')];
/** Milliseconds from one addition to the next; documents of a new file, and those appended to the file that grows. */
const [ADD_MS, IN_FILE, APPENDED] = [1000, 8, 2];
/** Additions from one sample of memory to the next. */
const SAMPLE = 10;
/** Until then caches fill up: the best documents kept, the pool, SQLite's pages. */
const WARM_MINUTES = 10;

const {
  minutes,
  kafka,
  samples: samplesFile,
} = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    kafka: { type: 'boolean', default: false },
    /** Where each sample is written as it is taken, as JSON lines. */
    samples: { type: 'string' },
  },
}).values;
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

interface Sample {
  readonly process: string;
  readonly minute: number;
  readonly rss: number;
  /** Bytes of `rss` that no file is behind: what allocators hold, used or not. */
  readonly anonymous: number;
  /** What JavaScript holds of it, garbage not yet collected included: a leak of ours shows here, an allocator's habits do not. */
  readonly heap: number;
  /** What JavaScript objects hold outside that heap: buffers. */
  readonly external: number;
}

interface Watched {
  readonly name: string;
  readonly child: ChildProcess;
  /** What it wrote to standard output. */
  readonly out: Buffer[];
  /** Where its metrics are, once it has said so. */
  metrics?: string | undefined;
}

const work = mkdtempSync(join(tmpdir(), 'deltasift-soak-'));
const [crawl, store] = [join(work, 'crawl'), join(work, 'store')];
mkdirSync(crawl);
const lines = readFileSync(
  await documentsFile(path('../node_modules/.cache/deltasift-bench'), 100_000, 60),
  'utf8',
).split('\n');
const following = ['--source', `jsonl:${crawl}`, '--follow', '--follow-every', '2s'];
const working = [...pair, '--threads', '1', '--keep', '500', '--pool', '100'];
const samples: Sample[] = [];
let largestLog = 0;

const broker = kafka ? await startBroker() : undefined;
const watched =
  broker === undefined ? [start('scan', ...following, ...working, '--store', store)] : await onKafka(broker.address);
const begin = performance.now();
const minute = () => (performance.now() - begin) / 60_000;
for (let round = 0; minute() < Number(minutes) && alive() && !stop.signal.aborted; round++) {
  const next = lines.slice(round * (IN_FILE + APPENDED), (round + 1) * (IN_FILE + APPENDED)).map((line) => `${line}\n`);
  writeFileSync(join(crawl, `${(round * 7919) % 10_000}-${round}.jsonl`), next.slice(0, IN_FILE).join(''));
  appendFileSync(join(crawl, 'grows.jsonl'), next.slice(IN_FILE).join(''));
  if (round % SAMPLE === 0) for (const one of watched) await sample(one);
  largestLog = Math.max(largestLog, sizeOf('store.sqlite-wal'));
  await delay(ADD_MS, undefined, { signal: stop.signal }).catch(() => undefined);
}
const took = minute();
const scored = await scoredSoFar(watched.at(-1)!);
const ended = watched.map(async ({ child }) => {
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
});
await Promise.all(ended);
await broker?.close();
const bytes = sizeOf('store.sqlite');
rmSync(work, { recursive: true });

const what = kafka ? '`crawl --follow` and `worker`, all legs in one process,' : '`scan --follow`';
const from = Math.min(WARM_MINUTES, took / 2);
const report = [
  `${what} for ${took.toFixed(0)} minutes, the small pair of test/golden, ${IN_FILE} documents in a new file and ${APPENDED} at the end of another each second; memory is sampled every ten seconds, from minute ${from.toFixed(0)} on; the slope is the median of those between all pairs of samples (Theil-Sen). Wanted: at most 1 % in ten minutes.`,
  '',
  ...table(
    ['', ...watched.map(({ name }) => name)],
    [
      ['memory (RSS), median', ...of('rss', ({ middle }) => MB(middle))],
      ['its slope in ten minutes', ...of('rss', ({ middle, slope }) => `${((1000 * slope) / middle).toFixed(2)} %`)],
      ['of it, not of files, median', ...of('anonymous', ({ middle }) => MB(middle))],
      ['JavaScript heap in use, median', ...of('heap', ({ middle }) => MB(middle))],
      ['its slope in ten minutes', ...of('heap', ({ slope }) => MB(10 * slope))],
      ['buffers outside the heap, median', ...of('external', ({ middle }) => MB(middle))],
    ],
  ),
  '',
  `${scored} documents scored${kafka ? '' : `; write-ahead log at most ${MB(largestLog)}, store.sqlite ${MB(bytes)} at the end`}.`,
];
console.log(report.join('\n'));
record(kafka ? 'A cluster that never ends' : 'A scan that never ends', report);

function start(name: string, ...words: readonly string[]): Watched {
  const child = spawn(process.execPath, [path('../pipeline/launcher.cjs'), name, ...words, '--metrics', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const one: Watched = { name, child, out: [] };
  child.stdout.on('data', (piece: Buffer) => one.out.push(piece));
  createInterface({ input: child.stderr }).on('line', (line) => {
    one.metrics ??= /metrics at (\S+)/.exec(line)?.[1];
  });
  return one;
}

async function onKafka(address: string): Promise<readonly Watched[]> {
  const brokers = ['--brokers', address];
  const topics = spawn(process.execPath, [
    path('../pipeline/cli.ts'),
    'topics',
    'create',
    '--partitions',
    '2',
    ...brokers,
  ]);
  const [code] = await once(topics, 'exit');
  if (code !== 0) throw new Error(`topics create ended with ${code}`);
  return [start('crawl', ...following, ...brokers), start('worker', ...working, ...brokers)];
}

function alive(): boolean {
  return watched.every(({ child }) => child.exitCode === null);
}

async function sample({ name, child, metrics }: Watched): Promise<void> {
  if (metrics === undefined) return;
  const said = await metricsAt(metrics);
  const taken = {
    process: name,
    minute: minute(),
    rss: memoryOf(child.pid!, 'VmRSS'),
    anonymous: memoryOf(child.pid!, 'RssAnon'),
    heap: said('nodejs_heap_size_used_bytes'),
    external: said('nodejs_external_memory_bytes'),
  };
  samples.push(taken);
  if (samplesFile !== undefined) appendFileSync(samplesFile, `${JSON.stringify(taken)}\n`);
}

async function scoredSoFar({ metrics }: Watched): Promise<number> {
  return (await metricsAt(metrics!))('deltasift_documents_total\\{[^}]*stage="score"[^}]*outcome="in"[^}]*\\}');
}

/** The value of a metric, by the pattern of its name. */
async function metricsAt(address: string): Promise<(name: string) => number> {
  const text = await (await fetch(address)).text();
  return (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

function sizeOf(name: string): number {
  return statSync(join(store, name), { throwIfNoEntry: false })?.size ?? 0;
}

/** A cell for each process: of the samples behind the warm-up, by minute. */
function of(
  what: 'rss' | 'anonymous' | 'heap' | 'external',
  cell: (line: { slope: number; middle: number }) => string,
) {
  return watched.map(({ name }) => {
    const own = samples.filter((one) => one.process === name && one.minute >= from);
    return cell(theilSen(own.map((one) => [one.minute, one[what]])));
  });
}

/** The median slope between two points, and the median of y. */
function theilSen(points: readonly (readonly [number, number])[]): { slope: number; middle: number } {
  const slopes = points.flatMap(([x, y], i) => points.slice(i + 1).map(([later, value]) => (value - y) / (later - x)));
  return { slope: median(slopes), middle: median(points.map(([, y]) => y)) };
}

function MB(value: number): string {
  return `${(value / 1e6).toFixed(1)} MB`;
}
