/** What the API takes, and what it takes from a scan: a server over the store that a scan writes to, each a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { DELTA, liveStore } from './live-store.ts';
import { table } from './results.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const CLI = path('../pipeline/cli.ts');
const CRAWL = path('../data/demo/crawl.jsonl');
const PAIR = ['--base', path('../examples/demo/base'), '--tuned', path('../examples/demo/tuned'), '--bos', 'always'];
const TOKEN = 'a-token-for-the-bench';
const [DOCUMENTS, REQUESTS, ROUNDS, SCANNED] = [100_000, 3000, 3, 400];
/** Requests a second while a scan runs. */
const LOAD = 500;

/** @throws Error where the demo was not run */
export async function apiSection(): Promise<readonly string[]> {
  if (!existsSync(CRAWL)) throw new Error('api: run `npm start` first: its crawl is scanned');
  const root = mkdtempSync(join(tmpdir(), 'deltasift-api-'));
  try {
    const rows = await answered(join(root, 'large'));
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const one = (name: string, n: number, load: boolean) => scanned(join(root, `${i}-${name}`), n, load);
      const start = await one('start', 1, false);
      const [off, on] = [await one('off', SCANNED, false), await one('on', SCANNED, true)];
      rounds.push({ off: off.seconds - start.seconds, on: on.seconds - start.seconds, answered: on.answered });
    }
    return words(rows, rounds);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

interface Round {
  /** Processor seconds of the scan, without those of its start: alone, and while the API is asked. */
  readonly off: number;
  readonly on: number;
  /** Requests a second that were answered meanwhile. */
  readonly answered: number;
}

/** Requests to a processor second of the server, of pages that stay and of one that 10 commits a second change. */
async function answered(dir: string): Promise<readonly (readonly string[])[]> {
  const store = liveStore(dir, DOCUMENTS);
  const server = await serveStore(dir);
  const pool = new Pool(server.url, { connections: 8 });
  const top = `/api/deltas/${DELTA}/top`;
  const rows: string[][] = [];
  for (const [what, page, live] of [
    ['top, 50 documents', top, false],
    ['top, 10 commits a second', top, true],
    ['histogram', `/api/deltas/${DELTA}/histogram`, false],
  ] as const) {
    await Promise.all(Array.from({ length: 200 }, () => ask(pool, page)));
    const timer = live ? setInterval(() => store.add(10), 100) : undefined;
    const before = cpuSeconds(server.child);
    let left = REQUESTS;
    const asking = async () => {
      while (left-- > 0) await ask(pool, page);
    };
    await Promise.all(Array.from({ length: 8 }, asking));
    rows.push([what, (REQUESTS / (cpuSeconds(server.child) - before)).toFixed(0)]);
    clearInterval(timer);
  }
  await pool.close();
  await server.close();
  store.close();
  return rows;
}

/** A scan of the demo's crawl, beside a server of its store that is asked for the top page all the while, or not. */
async function scanned(store: string, n: number, load: boolean): Promise<{ seconds: number; answered: number }> {
  const words = [
    'scan',
    ...PAIR,
    '--threads',
    '1',
    '--source',
    `jsonl:${CRAWL}`,
    '--limit',
    String(n),
    '--store',
    store,
  ];
  const command = [process.execPath, CLI, ...words, '--quiet', '--json'].map((word) => `'${word}'`).join(' ');
  const scan = spawn('bash', ['-c', `TIMEFORMAT='%U %S'; time ${command}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said = text(scan.stderr);
  const stop = new AbortController();
  const ended = once(scan, 'close').then(() => stop.abort());
  const answers = load ? await asked(store, stop.signal) : 0;
  await ended;
  const times = (await said).trim().split('\n').at(-1)!.split(' ').map(Number);
  return { seconds: times[0]! + times[1]!, answered: answers };
}

/** Requests a second that a server of the store answers, once the scan has begun and until `signal` aborts. */
async function asked(store: string, signal: AbortSignal): Promise<number> {
  while (!existsSync(join(store, 'tokenizer'))) await delay(20);
  const server = await serveStore(store);
  const pool = new Pool(server.url, { connections: 8 });
  let delta: string | undefined;
  while (delta === undefined && !signal.aborted) {
    const { items } = (await ask(pool, '/api/deltas')) as { items: { id: string }[] };
    delta = items[0]?.id;
  }
  const start = performance.now();
  let sent = 0;
  let done = 0;
  while (!signal.aborted) {
    const due = ((performance.now() - start) * LOAD) / 1000;
    for (; sent < due; sent++)
      void ask(pool, `/api/deltas/${delta}/top`).then(
        () => done++,
        () => undefined, // asked at the very end
      );
    await delay(5);
  }
  const answers = done / ((performance.now() - start) / 1000);
  await pool.destroy().catch(() => undefined);
  await server.close();
  return answers;
}

async function serveStore(store: string) {
  const words = [CLI, 'serve', '--store', store, '--serve', '0'];
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { DELTASIFT_TOKEN: TOKEN },
  });
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    url,
    child,
    async close() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function ask(pool: Pool, page: string): Promise<unknown> {
  const { statusCode, body } = await pool.request({
    path: page,
    method: 'GET',
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  if (statusCode !== 200) throw new Error(`${page}: ${statusCode}`);
  return await body.json();
}

/** Of a process, user and system, by /proc: ticks of 10 ms. */
function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function words(rows: readonly (readonly string[])[], rounds: readonly Round[]): readonly string[] {
  const ratios = rounds.map(({ on, off }) => on / off).sort((a, b) => a - b);
  const median = ratios[ratios.length >> 1]!;
  const answers = rounds.map(({ answered: n }) => n.toFixed(0)).join(', ');
  return [
    `A store of ${DOCUMENTS.toLocaleString('en')} documents; ${REQUESTS.toLocaleString('en')} requests over 8 connections. Wanted: at least 500 requests of top a second on one core.`,
    '',
    ...table(['', 'requests / CPU second of the server'], rows),
    '',
    `A scan of ${SCANNED} documents of the demo, while ${LOAD} requests of top a second are sent to a server of its store (${answers} a second were answered): its processor time is ${median.toFixed(3)} of what it takes alone (median of ${ROUNDS} interleaved rounds, ${ratios[0]!.toFixed(3)} to ${ratios.at(-1)!.toFixed(3)}). Wanted: at most 1.05.`,
  ];
}
