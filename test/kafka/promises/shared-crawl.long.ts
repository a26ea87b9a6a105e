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
});
after(async () => await broker.close());

function crawlOf(): string {
  const dir = join(folder(), 'crawl');
  mkdirSync(dir);
  for (let f = 0; f < FILES; f++) {
    const line = (i: number) => JSON.stringify({ id: `${f}-${i}`, text: `text ${i} of ${f} `.repeat(40) });
    writeFileSync(join(dir, `${f}.jsonl`), Array.from({ length: IN_FILE }, (_, i) => `${line(i)}\n`).join(''));
  }
  return dir;
}

test('three crawlers of a folder, killed twenty times between them, publish each document once', async () => {
  const at = ['--brokers', broker.address];
  const created = await deltasift(['topics', 'create', ...at, '--partitions', '6']);
  assert.equal(created.code, 0, created.err);
  const source = ['--source', `jsonl:${crawlOf()}`];
  const start = () => spawn(process.execPath, [CLI, 'crawl', ...at, ...source, '--quiet'], { stdio: 'ignore' });
  const published = async () =>
    (await readCommitted({ brokers: [broker.address], clientId: 'test' }, 'deltasift.documents')).map(
      ({ value }) => documentCodec.decode(value!).id,
    );

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
  const ids = await published();
  const expected = Array.from({ length: FILES }, (_, f) => Array.from({ length: IN_FILE }, (_, i) => `${f}-${i}`));
  assert.equal(ids.length, FILES * IN_FILE, `after ${killed} kills`);
  assert.deepEqual([...new Set(ids)].sort(), expected.flat().sort());
  assert.equal(killed, KILLS, 'the crawl was over too soon to be killed so often');

  const again = await deltasift(['crawl', ...at, ...source, '--json']);
  assert.deepEqual([again.code, JSON.parse(again.out).read], [0, 0], again.err);
});
