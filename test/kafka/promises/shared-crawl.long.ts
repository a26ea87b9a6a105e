/** Several crawlers of one source on a real broker: each file is read by one, and those of a crawler that was killed by others. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { documentCodec } from '../../../schemas/codec.ts';
import { random } from '../../../stages/math/random.ts';
import { deltasift } from '../../cli/run.ts';
import { type Broker, startBroker } from '../../kit/broker.ts';
import { folders } from '../../kit/folder.ts';
import { readCommitted } from '../../kit/read-committed.ts';

const CLI = fileURLToPath(new URL('../../../pipeline/cli.ts', import.meta.url));
const [FILES, IN_FILE, CRAWLERS, KILLS] = [60, 1500, 3, 20];
const folder = folders();
const words = random(11);

let broker: Broker;
before(async () => {
  broker = await startBroker();
  const created = await deltasift(['topics', 'create', '--brokers', broker.address, '--partitions', '6']);
  assert.equal(created.code, 0, created.err);
});
after(async () => await broker.close());

/** A folder of a name that no other crawl has. */
function crawlOf(name: string, files: number, inFile: number): string {
  const dir = join(folder(), name);
  mkdirSync(dir);
  for (let f = 0; f < files; f++) {
    const line = (i: number) => JSON.stringify({ id: `${name}-${f}-${i}`, text: `${name} ${i} of ${f} `.repeat(40) });
    writeFileSync(join(dir, `${f}.jsonl`), Array.from({ length: inFile }, (_, i) => `${line(i)}\n`).join(''));
  }
  return dir;
}

const idsOf = (name: string, files: number, inFile: number) =>
  Array.from({ length: files * inFile }, (_, i) => `${name}-${Math.floor(i / inFile)}-${i % inFile}`).sort();

/** Ids of the documents of a crawl, as often as they were published. */
async function published(name: string): Promise<readonly string[]> {
  const messages = await readCommitted({ brokers: [broker.address], clientId: 'test' }, 'deltasift.documents');
  const ids = messages.map(({ value }) => documentCodec.decode(value!).id!);
  return ids.filter((id) => id.startsWith(`${name}-`)).sort();
}

test('crawlers with a limit publish so many between them, and those after them go on', async () => {
  const [files, inFile] = [8, 20];
  const words = ['crawl', '--brokers', broker.address, '--source', `jsonl:${crawlOf('few', files, inFile)}`, '--json'];
  const limited = (limit: number) => deltasift([...words, '--limit', String(limit)]);
  const readBy = async (...crawls: readonly ReturnType<typeof deltasift>[]) => {
    const ends = await Promise.all(crawls);
    for (const { code, err } of ends) assert.equal(code, 0, err);
    return ends.reduce((sum, { out }) => sum + (JSON.parse(out) as { read: number }).read, 0);
  };
  assert.equal(await readBy(limited(50), limited(50)), 50);
  assert.equal((await published('few')).length, 50);
  assert.equal(await readBy(limited(50)), 0);
  assert.equal(await readBy(limited(75)), 25);
  assert.equal(await readBy(deltasift(words)), files * inFile - 75);
  assert.deepEqual(await published('few'), idsOf('few', files, inFile));
});

test('three crawlers of a folder, killed twenty times between them, publish each document once', async () => {
  const at = ['--brokers', broker.address];
  const source = ['--source', `jsonl:${crawlOf('many', FILES, IN_FILE)}`];
  const start = () => spawn(process.execPath, [CLI, 'crawl', ...at, ...source, '--quiet'], { stdio: 'ignore' });

  const crawlers: ChildProcess[] = Array.from({ length: CRAWLERS }, start);
  let killed = 0;
  while (killed < KILLS) {
    const victim = crawlers[words.words(0, killed, 1)[0]! % CRAWLERS]!;
    await delay(1500 + (words.words(1, killed, 1)[0]! % 1500));
    if (victim.exitCode !== null) break; // all is read
    victim.kill('SIGKILL');
    await once(victim, 'exit');
    crawlers[crawlers.indexOf(victim)] = start();
    killed++;
  }
  const codes = await Promise.all(crawlers.map(async (one) => one.exitCode ?? (await once(one, 'exit'))[0]));
  assert.deepEqual(codes, Array(CRAWLERS).fill(0));
  const ids = await published('many');
  assert.equal(ids.length, FILES * IN_FILE, `after ${killed} kills`);
  assert.deepEqual(ids, idsOf('many', FILES, IN_FILE));
  assert.equal(killed, KILLS, 'the crawl was over too soon to be killed so often');

  const again = await deltasift(['crawl', ...at, ...source, '--json']);
  assert.deepEqual([again.code, JSON.parse(again.out).read], [0, 0], again.err);
});
