/**
 * `node bench/soak.ts [--minutes N]`: `scan --follow` of a folder to which something is added all the time, in new files and at the
 * end of one, on the small pair of test/golden. Says how its memory and its files grow; reads /proc: Linux only. Stopped early, by
 * SIGINT, it says so of the time it had.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { documentsFile } from './documents.ts';
import { record, table } from './results.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const pair = ['--base', path('../test/golden/tiny/base'), '--tuned', path('../test/golden/tiny/tuned')];
/** Milliseconds from one addition to the next; documents of a new file, and those appended to the file that grows. */
const [ADD_MS, IN_FILE, APPENDED] = [1000, 8, 2];
/** Until then caches fill up: the best documents kept, the pool, SQLite's pages. */
const WARM_MINUTES = 10;

const { minutes } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } }).values;
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

interface Sample {
  readonly minute: number;
  readonly rss: number;
  /** Bytes of `rss` that no file is behind: what allocators hold, used or not. */
  readonly anonymous: number;
  /** What JavaScript holds of it, garbage not yet collected included: a leak of ours shows here, an allocator's habits do not. */
  readonly heap: number;
  /** What JavaScript objects hold outside that heap: buffers. */
  readonly external: number;
  readonly wal: number;
}

const work = mkdtempSync(join(tmpdir(), 'deltasift-soak-'));
const [crawl, store] = [join(work, 'crawl'), join(work, 'store')];
const samples: Sample[] = [];
mkdirSync(crawl);
const cache = path('../node_modules/.cache/deltasift-bench');
const lines = readFileSync(await documentsFile(cache, 100_000, 60), 'utf8').split('\n');
const rest = ['--follow', '--follow-every', '2s', '--threads', '1', '--keep', '500', '--pool', '100', '--metrics', '0'];
const child = spawn(
  process.execPath,
  [path('../pipeline/cli.ts'), 'scan', ...pair, '--source', `jsonl:${crawl}`, '--store', store, ...rest, '--json'],
  { stdio: ['ignore', 'pipe', 'pipe'] },
);
/** Where the scan's metrics are, once it has said so. */
let metrics: string | undefined;
createInterface({ input: child.stderr }).on('line', (line) => {
  metrics ??= /metrics at (\S+)/.exec(line)?.[1];
});
const out: Buffer[] = [];
child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
const ended = once(child, 'exit');

const start = performance.now();
const minute = () => (performance.now() - start) / 60_000;
for (let round = 0; minute() < Number(minutes) && child.exitCode === null && !stop.signal.aborted; round++) {
  const next = lines.slice(round * (IN_FILE + APPENDED), (round + 1) * (IN_FILE + APPENDED)).map((line) => `${line}\n`);
  writeFileSync(join(crawl, `${(round * 7919) % 10_000}-${round}.jsonl`), next.slice(0, IN_FILE).join(''));
  appendFileSync(join(crawl, 'grows.jsonl'), next.slice(IN_FILE).join(''));
  if (round % 10 === 0 && metrics !== undefined) {
    const { heap, external } = await heapAt(metrics);
    const [rss, anonymous] = ['VmRSS', 'RssAnon'].map((name) => statusOf(child.pid!, name)) as [number, number];
    samples.push({ minute: minute(), rss, anonymous, heap, external, wal: sizeOf('store.sqlite-wal') });
    if (process.env.SOAK_LOG) appendFileSync(process.env.SOAK_LOG, `${JSON.stringify(samples.at(-1))}\n`);
  }
  await delay(ADD_MS, undefined, { signal: stop.signal }).catch(() => undefined);
}
const took = minute();
child.kill('SIGTERM');
await ended;
const { read, scored } = JSON.parse(Buffer.concat(out).toString().trim()) as { read: number; scored: number };
const bytes = sizeOf('store.sqlite');
rmSync(work, { recursive: true });

const warm = samples.filter((sample) => sample.minute >= Math.min(WARM_MINUTES, took / 2));
const { slope, mean } = lineThrough(warm.map(({ minute: x, rss: y }) => [x, y]));
const heap = lineThrough(warm.map(({ minute: x, heap: y }) => [x, y]));
const MB = (value: number) => `${(value / 1e6).toFixed(1)} MB`;
const report = [
  `\`scan --follow --metrics\` for ${took.toFixed(0)} minutes, the small pair of test/golden, ${IN_FILE} documents in a new file and ${APPENDED} at the end of another each second; memory is sampled every ten seconds, from minute ${Math.min(WARM_MINUTES, took / 2).toFixed(0)} on. Wanted: at most 1 % in ten minutes.`,
  '',
  ...table(
    ['', 'measured'],
    [
      ['records read, scored', `${read}, ${scored}`],
      ['memory (RSS), mean', MB(mean)],
      ['its slope in ten minutes', `${((1000 * slope) / mean).toFixed(2)} %`],
      ['JavaScript heap in use, mean', MB(heap.mean)],
      ['its slope in ten minutes', MB(10 * heap.slope)],
      ['write-ahead log, largest', MB(Math.max(...samples.map(({ wal }) => wal)))],
      ['store.sqlite at the end', MB(bytes)],
    ],
  ),
];
console.log(report.join('\n'));
record('A scan that never ends', report);

/** Bytes, as the kernel counts them. */
function statusOf(pid: number, name: string): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n').find((one) => one.startsWith(`${name}:`));
  return 1024 * Number(/\d+/.exec(line ?? '')?.[0] ?? 0);
}

/** Bytes of the main thread's heap in use, and of buffers outside it, by its own metrics. */
async function heapAt(address: string): Promise<{ heap: number; external: number }> {
  const text = await (await fetch(address)).text();
  const of = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  return { heap: of('nodejs_heap_size_used_bytes'), external: of('nodejs_external_memory_bytes') };
}

function sizeOf(name: string): number {
  return statSync(join(store, name), { throwIfNoEntry: false })?.size ?? 0;
}

/** Least squares: the slope by x, and the mean of y. */
function lineThrough(points: readonly (readonly [number, number])[]): { slope: number; mean: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const covariance = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return { slope: covariance / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0), mean: y };
}
