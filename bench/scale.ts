/**
 * `node bench/scale.ts tiny|gpt2-small [DOCUMENTS]`: what a document of one window of 128 tokens takes on a Kafka cluster: bytes in each
 * topic as they lie on a broker's disk, compressed; CPU and memory of each leg. With the small pair of test/golden, or with the shapes
 * of GPT-2 small. Kept in bench/scale.json, and as tables, sums for many documents included, in bench/RESULTS.md. Linux only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { kafkaClient } from '../pipeline/kafka/client.ts';
import { lagOf } from '../pipeline/kafka/lag.ts';
import { STEPS, topology } from '../pipeline/topology.ts';
import { topics } from '../schemas/topics.ts';
import { startBroker } from '../test/kit/broker.ts';
import { documentsFile } from './documents.ts';
import { gpt2Small } from './gpt2-small.ts';
import { cpuSecondsOf, memoryOf } from './proc.ts';
import { machine, record } from './results.ts';
import { type LegCost, PAIRS, type PairName, readMeasured, tables, writeMeasured } from './scale-tables.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
/** Enough words for a window of 128 tokens. */
const [WORDS, PARTITIONS] = [130, 2];
/** Of what is read: where counting begins, so that a process's start is not counted. */
const WARM = 0.1;
const LOOK_MS = 100;
/** The exit code of a worker that was told to stop. */
const INTERRUPTED = 130;
const cache = path('../node_modules/.cache/deltasift-bench');

const name = PAIRS.find((known) => known === process.argv[2]);
if (name === undefined) {
  console.error(`bench/scale.ts: expected one of ${PAIRS.join(', ')}, and how many documents`);
  process.exitCode = 78;
} else {
  const documents = Number(process.argv[3] ?? { tiny: 4000, 'gpt2-small': 256 }[name]);
  writeMeasured({ ...readMeasured(), [name]: await measure(name, documents) });
  const lines = tables(readMeasured());
  console.log(lines.join('\n'));
  record('A document on a cluster', lines);
}

async function measure(pairName: PairName, documents: number) {
  const pair =
    pairName === 'tiny'
      ? { base: path('../test/golden/tiny/base'), tuned: path('../test/golden/tiny/tuned') }
      : await gpt2Small(cache, path('../examples/demo/base'));
  const file = await documentsFile(cache, documents, WORDS);
  const broker = await startBroker();
  const admin = kafkaClient({ brokers: [broker.address], clientId: 'bench' }, 'patient').admin();
  const run = (...words: readonly string[]) =>
    spawn(process.execPath, [path('../pipeline/cli.ts'), ...words, '--brokers', broker.address, '--quiet'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });

  /** Messages that were published, markers of transactions counted too. */
  async function published(): Promise<number> {
    const ends = await admin
      .fetchTopicOffsets('deltasift.documents')
      .catch((error: { readonly retriable?: boolean }) => {
        if (error.retriable === true) return []; // a topic was only just made
        throw error;
      });
    return ends.reduce((sum, { high }) => sum + Number(high), 0);
  }

  try {
    await admin.connect();
    await ended(run('topics', 'create', '--partitions', `${PARTITIONS}`));
    const pid = Number(readFileSync(join(broker.dir, 'pid'), 'utf8'));
    const before = cpuSecondsOf(pid);
    const crawling = run('crawl', '--source', `jsonl:${file}`);
    const legs: Record<string, LegCost> = { crawl: await costOf(crawling, documents, published) };
    const model = ['--base', pair.base, '--tuned', pair.tuned, '--threads', '1', '--window', '128'];
    for (const { name: leg, reads } of topology(STEPS)) {
      const worker = run('worker', '--legs', leg, ...model);
      const read = async () => {
        const lags = await lagOf(admin, `deltasift.${leg}`, `deltasift.${reads}`);
        const isDone = lags.length > 0 && lags.every(({ next, end }) => end > 0 && next >= end);
        if (isDone && !worker.killed) worker.kill('SIGTERM'); // a second one would end it at once
        return lags.reduce((sum, { next }) => sum + Math.max(0, next), 0);
      };
      legs[leg] = await costOf(worker, documents, read);
      console.error(leg, legs[leg]);
    }
    const brokerCpuMs = (1000 * (cpuSecondsOf(pid) - before)) / documents;
    const bytes = topics.map((topic) => [topic.name, bytesOf(broker.dir, `deltasift.${topic.name}`) / documents]);
    return {
      documents,
      words: WORDS,
      legs,
      brokerCpuMs: round(brokerCpuMs),
      bytes: Object.fromEntries(bytes.map(([topic, own]) => [topic, Math.round(own as number)])),
      machine: machine(),
    };
  } finally {
    await admin.disconnect();
    await broker.close();
  }
}

/**
 * What a process took for each document, from `WARM` of its way on, until it has ended.
 *
 * @param reached how far it is, in messages; ends it where that is all of them
 */
async function costOf(child: ChildProcess, documents: number, reached: () => Promise<number>): Promise<LegCost> {
  const samples: { readonly at: number; readonly cpu: number }[] = [];
  let memory = 0;
  while (child.exitCode === null && child.signalCode === null) {
    const cpu = cpuSecondsOf(child.pid!);
    if (cpu > 0) samples.push({ at: await reached(), cpu });
    memory = Math.max(memory, memoryOf(child.pid!, 'VmHWM'));
    await delay(LOOK_MS);
  }
  if (child.exitCode !== 0 && child.exitCode !== INTERRUPTED)
    throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode ?? child.signalCode}`);
  const end = samples.find(({ at }) => at === samples.at(-1)!.at)!;
  const start = samples.find(({ at }) => at >= WARM * end.at)!;
  const counted = (documents * (end.at - start.at)) / end.at;
  return {
    cpuMs: counted > 0 ? round((1000 * (end.cpu - start.cpu)) / counted) : null,
    memoryMiB: Math.round(memory / 2 ** 20),
  };
}

function round(ms: number): number {
  return Number(ms.toPrecision(3));
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')}: ended with ${code}`);
}

/** Of the segments of a topic's partitions. */
function bytesOf(dir: string, topic: string): number {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.log') && new RegExp(`(^|/)${topic}-\\d+/`).test(file))
    .reduce((sum, file) => sum + statSync(join(dir, file)).size, 0);
}
