/** Near duplicates in other partitions, with two workers that are killed: dropped as a scan on one machine drops them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { countCodec, scoreCodec } from '../../../schemas/codec.ts';
import { deltasift, LAUNCHER } from '../../cli/run.ts';
import { tinyPair } from '../../cli/tiny.ts';
import { type Broker, startBroker } from '../../kit/broker.ts';
import { folders } from '../../kit/folder.ts';
import { allRead, type Lag, untilLag } from '../../kit/lag.ts';
import { readCommitted } from '../../kit/read-committed.ts';

const PARTITIONS = 4;
const [FAMILIES, ALONE] = [150, 150];
const SETTINGS = [
  ...['--base', tinyPair.base, '--tuned', tinyPair.tuned, '--window', '32', '--threads', '1', '--pool', '0'],
  ...['--near-duplicates', 'drop'],
];
const folder = folders();

let broker: Broker;
const workers: ChildProcess[] = [];
before(async () => {
  broker = await startBroker();
});
after(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await broker.close();
});

/** A text of its own for each family, of which a version has some other words. */
function lineOf(family: string, version: number): string {
  const word = (j: number) => (j < version ? `${family}v${version}j${j}` : `${family}w${(j * j) % 997}`);
  const text = Array.from({ length: 120 }, (_, j) => word(j)).join(' ');
  return `${JSON.stringify({ id: `${family}.${version}`, text })}\n`;
}

const numbered = (n: number, name: string) => Array.from({ length: n }, (_, i) => `${name}${i}`);
/** The first of each family, and what is like nothing else. */
const first = [
  ...numbered(FAMILIES, 'f').map((family) => lineOf(family, 0)),
  ...numbered(ALONE, 'a').map((one) => lineOf(one, 0)),
];
/** Two more of each, like the first and each other, what is like nothing else, and families that come all at once. */
const second = [
  ...[1, 2].flatMap((version) => numbered(FAMILIES, 'f').map((family) => lineOf(family, version))),
  ...numbered(ALONE, 'b').map((one) => lineOf(one, 0)),
  ...[0, 1, 2].flatMap((version) => numbered(FAMILIES, 'g').map((family) => lineOf(family, version))),
];

async function ok(...words: readonly string[]): Promise<string> {
  const { code, out, err } = await deltasift(words);
  assert.equal(code, 0, err);
  return out;
}

test('what 4 partitions and two workers drop, killed on the way, is what a scan drops, and of what comes all at once one passes', async () => {
  const file = join(folder(), 'crawl.jsonl');
  writeFileSync(file, first.join(''));
  const at = ['--brokers', broker.address];
  await ok('topics', 'create', ...at, '--partitions', String(PARTITIONS));
  await ok('crawl', ...at, '--source', `jsonl:${file}`);
  const start = (place: number) => {
    workers[place] = spawn(process.execPath, [LAUNCHER, 'worker', ...at, ...SETTINGS], { env: {}, stdio: 'inherit' });
  };
  const lag = () => ok('lag', '--json', ...at, '--near-duplicates', 'drop');
  const readAll = () => untilLag(lag, allRead, workers[1]);

  let sent = 0; // messages of `bands` that there were when a worker was killed

  /** Kills one worker while documents are compared, and starts another in its place. */
  async function killOne(): Promise<void> {
    const ended = (rows: readonly Lag[]) =>
      rows.filter(({ leg }) => leg === 'compare').reduce((sum, { end }) => sum + end, 0);
    await untilLag(lag, (rows) => ended(rows) > sent, workers[1]);
    workers[0]!.kill('SIGKILL');
    await once(workers[0]!, 'exit');
    start(0);
    sent = ended(JSON.parse(await lag()));
  }

  start(0);
  start(1);
  await killOne();
  await readAll();
  appendFileSync(file, second.join(''));
  const crawling = ok('crawl', ...at, '--source', `jsonl:${file}`);
  await killOne();
  await crawling;
  await readAll();
  for (const worker of workers) {
    worker.kill('SIGTERM');
    await once(worker, 'exit');
  }

  const scores = join(folder(), 'scores.jsonl');
  await ok('scan', ...SETTINGS, '--source', `jsonl:${file}`, '--store', folder(), '--scores', scores);
  const scanned = readFileSync(scores, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  const connection = { brokers: [broker.address], clientId: 'test' };
  const passed = (await readCommitted(connection, 'deltasift.scores')).map(({ value }) => scoreCodec.decode(value!).id);
  const [atOnce, others] = [passed.filter((id) => id.startsWith('g')), passed.filter((id) => !id.startsWith('g'))];
  assert.deepEqual(others.sort(), scanned.filter((id) => !id.startsWith('g')).sort());
  assert.deepEqual(
    atOnce.map((id) => id.split('.')[0]).sort(),
    scanned.flatMap((id) => (id.startsWith('g') ? id.split('.')[0]! : [])).sort(),
  );
  assert.equal(first.length + second.length - passed.length, 4 * FAMILIES, 'two of each family are dropped');

  const counts: Record<string, number> = {};
  for (const { value } of await readCommitted(connection, 'deltasift.counts')) {
    const { stage, outcome, n } = countCodec.decode(value!);
    if (stage === 'near-duplicates') counts[outcome] = (counts[outcome] ?? 0) + n;
  }
  const dropped = 4 * FAMILIES;
  assert.deepEqual(counts, { in: first.length + second.length, out: passed.length, dropped });

  const standing = new Map<string, boolean>();
  for (const { partition, key, value } of await readCommitted(connection, 'deltasift.signatures')) {
    standing.set(`${partition}/${key}`, value !== null);
  }
  const names = [...standing].flatMap(([place, stands]) => (stands ? place.split('/')[1]! : []));
  assert.equal(new Set(names).size, passed.length, 'what was dropped is forgotten');
});
