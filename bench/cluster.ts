/** What a cluster costs: a worker of all legs against a scan, of the same pair and documents on the same machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scanConfig, workerConfig } from '../pipeline/config/config.ts';
import { scan } from '../pipeline/scan/scan.ts';
import { work } from '../pipeline/worker.ts';
import { type Broker, startBroker } from '../test/kit/broker.ts';
import { documentsFile } from './documents.ts';
import type { Pair } from './pair.ts';
import { cpuSecondsOf } from './proc.ts';
import { median, medianRatio } from './race.ts';
import { table } from './results.ts';

/** Words enough to fill a window of the default length. */
const [DOCUMENTS, WORDS, WINDOW, PARTITIONS] = [256, 140, 128, 4];
const CLUSTERS = {
  'four legs, a topic between all': ['tokenize', 'gradient', 'score', 'select'],
  'tokenize, and the rest joined': ['tokenize', 'gradient+score+select'],
} as const;
const CLI = fileURLToPath(new URL('../pipeline/cli.ts', import.meta.url));

/** Seconds of a document: the process's own and the broker's CPU, and the clock's. */
interface Cost {
  readonly cpu: number;
  readonly broker: number;
  readonly wall: number;
}

export async function clusterSection(
  { base, tuned }: Pair,
  cache: string,
  rounds: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const source = `jsonl:${await documentsFile(cache, DOCUMENTS, WORDS)}`;
  const model = { base, tuned, window: WINDOW, threads: 1 };
  const environment = { token: undefined, hub: undefined, cache, offline: true, colors: 'none' } as const;
  const clock = () => Date.now() / 1000;
  const world = { environment, cores: 1, clock, now: () => performance.now(), note: () => undefined };
  const broker = await startBroker();

  async function embedded(): Promise<Cost> {
    const store = mkdtempSync(join(tmpdir(), 'deltasift-bench-'));
    const cost = costFrom(broker);
    const own = {
      folder: '.',
      random: Math.random,
      write: () => undefined,
      progress: () => undefined,
    };
    await scan(scanConfig.parse({ ...model, source, store }), { ...world, ...own }, signal);
    rmSync(store, { recursive: true });
    return cost();
  }

  let clusters = 0;
  async function cluster(legs: readonly string[]): Promise<Cost> {
    const place = ['--brokers', broker.address, '--prefix', `c${++clusters}.`];
    await command('topics', 'create', '--partitions', `${PARTITIONS}`, ...place);
    await command('crawl', '--source', source, ...place);
    const cost = costFrom(broker);
    const stop = new AbortController();
    let handled = 0;
    const progress = (leg: string, messages: number) => {
      if (leg !== legs.at(-1)) return;
      handled += messages;
      if (handled === DOCUMENTS) stop.abort();
    };
    const config = workerConfig.parse({ ...model, legs, brokers: [broker.address], prefix: `c${clusters}.` });
    await work(
      config,
      { ...world, folder: '.', random: () => 0, write: () => undefined, progress },
      AbortSignal.any([signal, stop.signal]),
    );
    return cost();
  }

  const racers = {
    scan: embedded,
    ...Object.fromEntries(Object.entries(CLUSTERS).map(([name, legs]) => [name, () => cluster(legs)])),
  };
  const costs = new Map(Object.keys(racers).map((name): [string, Cost[]] => [name, []]));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [name, run] of Object.entries(racers)) {
        const cost = await run();
        costs.get(name)!.push(cost);
        console.error(`${name}: ${JSON.stringify(cost)}`); // a run takes minutes on a busy machine
      }
    }
  } finally {
    await broker.close();
  }

  const scans = costs.get('scan')!;
  const rate = (own: readonly Cost[], of: (cost: Cost) => number) => (1 / median(own.map(of))).toFixed(2);
  const ratio = (own: readonly Cost[], of: (cost: Cost) => number) =>
    medianRatio(scans.map(of), own.map(of)).toFixed(3);
  const seconds: readonly ((cost: Cost) => number)[] = [
    ({ wall }) => wall,
    ({ cpu }) => cpu,
    ({ cpu, broker: own }) => cpu + own,
  ];
  return [
    `GPT-2 small shapes, ${DOCUMENTS} documents of a window of ${WINDOW} tokens, from start to end; sketches and pool, one thread, one process for all legs, ${PARTITIONS} partitions, and a broker on the same machine; medians of ${rounds} interleaved runs. Wanted: at least 0.9.`,
    '',
    ...table(
      ['', 'documents / second', 'ratio', '/ CPU second', 'ratio', 'the same with the broker’s', 'ratio'],
      [...costs].map(([name, own]) => [name, ...seconds.flatMap((of) => [rate(own, of), ratio(own, of)])]),
    ),
  ];
}

/** From here to when it is called: models are loaded and groups joined, all documents are handled, and what is open is closed. */
function costFrom({ dir }: Broker): () => Cost {
  const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'));
  const now = (): Cost => {
    const { user, system } = process.cpuUsage();
    return { cpu: (user + system) / 1e6, broker: cpuSecondsOf(pid), wall: performance.now() / 1000 };
  };
  const begin = now();
  return () => {
    const end = now();
    const each = (of: keyof Cost) => (end[of] - begin[of]) / DOCUMENTS;
    return { cpu: each('cpu'), broker: each('broker'), wall: each('wall') };
  };
}

async function command(...words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [CLI, ...words, '--quiet'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`deltasift ${words.join(' ')} ended with ${code}`);
}
