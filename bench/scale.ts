/**
 * `node bench/scale.ts [DOCUMENTS]`: what a document takes on a Kafka cluster: bytes in each topic as they lie on a broker's disk,
 * compressed, and CPU seconds of each leg with the small pair of test/golden. Kept in bench/RESULTS.md; docs/scale.md reckons with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { kafkaClient } from '../pipeline/kafka/client.ts';
import { lagOf } from '../pipeline/kafka/lag.ts';
import { topology } from '../pipeline/topology.ts';
import { topics } from '../schemas/topics.ts';
import { startBroker } from '../test/kit/broker.ts';
import { documentsFile } from './documents.ts';
import { record, table } from './results.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const DOCUMENTS = Number(process.argv[2] ?? 5000);
const [WORDS, PARTITIONS] = [90, 2];
const LEGS = ['tokenize', 'gradient', 'score', 'select'];
const model = ['--base', path('../test/golden/tiny/base'), '--tuned', path('../test/golden/tiny/tuned')];

const file = await documentsFile(path('../node_modules/.cache/deltasift-bench'), DOCUMENTS, WORDS);
const broker = await startBroker();
const admin = kafkaClient({ brokers: [broker.address], clientId: 'bench' }, 'patient').admin();
try {
  await admin.connect();
  const run = (...words: readonly string[]) =>
    spawn(process.execPath, [path('../pipeline/cli.ts'), ...words, '--brokers', broker.address, '--quiet'], {
      stdio: 'ignore',
    });
  await ended(run('topics', 'create', '--partitions', `${PARTITIONS}`));
  const seconds = new Map([['crawl', await cpuOf(run('crawl', '--source', `jsonl:${file}`), untilExit)]]);
  for (const { name, reads } of topology(LEGS)) {
    const worker = run('worker', '--legs', name, '--threads', '1', ...model);
    const idle = await cpuOf(worker, () => untilRead(name, reads));
    seconds.set(name, idle);
  }
  const rows = topics.map(({ name }) => {
    const bytes = bytesOf(`deltasift.${name}`);
    return [name, `${bytes / DOCUMENTS < 0.5 ? '' : Math.round(bytes / DOCUMENTS)}`];
  });
  const lines = [
    `${DOCUMENTS} documents of ${WORDS} words through all legs, one worker each, all of them with the small pair of test/golden and sketches of 4096 numbers; start-up counted. Bytes are those of the log on the broker, zstd, one copy.`,
    '',
    ...table(['topic', 'bytes a document'], rows),
    '',
    ...table(
      ['', 'CPU ms a document'],
      [...seconds].map(([name, cpu]) => [name, ((1000 * cpu) / DOCUMENTS).toFixed(2)]),
    ),
  ];
  console.log(lines.join('\n'));
  record('A document on a cluster', lines);
} finally {
  await admin.disconnect();
  await broker.close();
}

/** CPU seconds that a process took until `done`; it is ended then. */
async function cpuOf(child: ChildProcess, done: (child: ChildProcess) => Promise<void>): Promise<number> {
  let seconds = 0;
  const look = setInterval(() => {
    seconds = Math.max(seconds, cpuSeconds(child.pid!));
  }, 100);
  await done(child);
  seconds = Math.max(seconds, cpuSeconds(child.pid!));
  clearInterval(look);
  if (child.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  return seconds;
}

async function untilExit(child: ChildProcess): Promise<void> {
  await ended(child);
}

async function untilRead(leg: string, topic: string): Promise<void> {
  for (;;) {
    const lags = await lagOf(admin, `deltasift.${leg}`, `deltasift.${topic}`);
    if (lags.every(({ next, end }) => end > 0 && next >= end)) return;
    await delay(300);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')}: ended with ${code}`);
}

/** Fields 14 and 15 of /proc/PID/stat, in hundredths of a second; 0 once it is gone. */
function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** Of the segments of a topic's partitions. */
function bytesOf(topic: string): number {
  return readdirSync(broker.dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.log') && new RegExp(`(^|/)${topic}-\\d+/`).test(name))
    .reduce((sum, name) => sum + statSync(join(broker.dir, name)).size, 0);
}
