/** Deltas are added and removed under load, while workers are killed: each has one beginning and one end in every partition. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gradientsCodec, replayCodec, scoreCodec } from '../../../schemas/codec.ts';
import { halfTuned, tinyCrawl, tinyPair } from '../../cli/tiny.ts';
import { type Broker, startBroker } from '../../kit/broker.ts';
import { allRead, untilLag } from '../../kit/lag.ts';
import { readCommitted } from '../../kit/read-committed.ts';

const CLI = fileURLToPath(new URL('../../../pipeline/cli.ts', import.meta.url));
const PARTS = 5;
const DOCUMENTS = 500;
const MODEL = [
  ...['--base', tinyPair.base, '--tuned', tinyPair.tuned, '--window', '32', '--threads', '1'],
  ...['--keep', '1000', '--pool', '20', '--sketch-width', '256', '--keep-replay', '100MB'],
];

let broker: Broker;
const dir = mkdtempSync(join(tmpdir(), 'deltasift-live-'));
const workers: ChildProcess[] = [];

before(async () => {
  broker = await startBroker();
});
after(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  rmSync(dir, { recursive: true });
  await broker.close();
});

async function deltasift(...words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...words], { maxBuffer: 2 ** 28 });
  return stdout;
}

test('every document is scored once by each delta from one offset of its partition to another, whoever was killed', async () => {
  const at = ['--brokers', broker.address];
  const lines = readFileSync(tinyCrawl(dir, DOCUMENTS), 'utf8').trim().split('\n');
  const [half, third, gone] = [2, 3, 5].map((every) => halfTuned(join(dir, `one-in-${every}`), every));
  let sent = 0;
  const crawl = async () => {
    const file = join(dir, `part${sent}.jsonl`);
    const part = Math.ceil(lines.length / PARTS);
    writeFileSync(file, `${lines.slice(sent * part, (sent + 1) * part).join('\n')}\n`);
    sent++;
    await deltasift('crawl', ...at, '--source', `jsonl:${file}`);
  };
  const start = (place: number) => {
    workers[place] = spawn(process.execPath, [CLI, 'worker', ...at, ...MODEL, '--quiet'], { stdio: 'inherit' });
  };
  const add = async (tuned: string): Promise<string> =>
    JSON.parse(await deltasift('delta', 'add', ...at, '--tuned', tuned, '--json')).delta;
  const listed = async () =>
    JSON.parse(await deltasift('delta', 'list', ...at, '--json')) as {
      readonly deltas: readonly { readonly id: string; readonly state: string }[];
      readonly workers: readonly { readonly deltas: Readonly<Record<string, string>> }[];
    };
  const scoredBy = async (id: string) => (await listed()).workers.some(({ deltas }) => deltas[id] === '');

  await deltasift('topics', 'create', ...at, '--partitions', '3');
  start(0);
  start(1);
  await crawl();
  await until(async () => (await listed()).workers.length >= 1);
  const first = await add(half!);
  await crawl();
  workers[0]!.kill('SIGKILL');
  start(0);
  await until(() => scoredBy(first));
  const second = await add(third!);
  await crawl();
  workers[1]!.kill('SIGKILL');
  start(1);
  await until(() => scoredBy(second));
  const missing = await add(gone!);
  rmSync(gone!, { recursive: true });
  await deltasift('delta', 'remove', first, ...at);
  await crawl();
  workers[0]!.kill('SIGKILL');
  start(0);
  await crawl();
  await untilLag(() => deltasift('lag', ...at, '--json'), allRead);

  const { deltas, workers: reports } = await listed();
  const own = deltas.map(({ id }) => id).find((id) => ![second, missing].includes(id))!;
  assert.equal(deltas.length, 3, 'the removed one is not listed');
  assert.ok(
    reports.some(({ deltas: of }) => /one-in-5/.test(of[missing] ?? '')),
    'a worker says which checkpoint it cannot read',
  );

  const connection = { brokers: [broker.address], clientId: 'test' };
  const committed = async (topic: string) => await readCommitted(connection, `deltasift.${topic}`);
  const measured = (await committed('sketches')).map(({ value, headers }) => {
    const [, partition, offset] = String(headers['came-from']).split('/');
    const { key, deltas: ids } = gradientsCodec.decode(value!);
    return { key, partition: Number(partition), offset: Number(offset), deltas: ids.split(',') };
  });
  assert.equal(new Set(measured.map(({ key }) => key)).size, measured.length, 'none is measured twice');
  assert.equal(measured.length, new Set(lines.map((line) => JSON.parse(line).text)).size, 'none is lost');
  for (const rows of Map.groupBy(measured, ({ partition }) => partition).values()) {
    const inOrder = rows.toSorted((a, b) => a.offset - b.offset);
    for (const id of [own, first, second]) {
      const runs = inOrder
        .map((row) => (row.deltas.includes(id) ? '1' : '0'))
        .join('')
        .replaceAll(/(.)\1+/g, '$1');
      assert.match(runs, id === own ? /^1$/ : id === first ? /^0?1?0?$/ : /^0?1?$/, `delta ${id}: ${runs}`);
    }
  }
  assert.ok(measured.some((row) => row.deltas.includes(first)) && measured.some((row) => row.deltas.includes(second)));

  const expected = measured.flatMap(({ key, deltas: ids }) => ids.map((id) => `${key} ${id}`)).sort();
  const scores = (await committed('scores')).map(({ value }) => scoreCodec.decode(value!));
  assert.deepEqual(scores.map(({ key, delta }) => `${key} ${delta}`).sort(), expected);
  const records = (await committed('replay')).map(({ value }) => replayCodec.decode(value!));
  assert.deepEqual(records.map(({ key }) => key).sort(), measured.map(({ key }) => key).sort());

  const store = join(dir, 'gathered');
  await deltasift('gather', ...at, ...MODEL.slice(0, -2), '--store', store);
  const best = JSON.parse(await deltasift('top', '--store', store, '--delta', second, '-k', '1000', '--json'));
  assert.equal(best.documents.length, measured.filter((row) => row.deltas.includes(second)).length);

  const report = JSON.parse(
    await deltasift('replay', ...at, '--store', store, '--delta', second, '--exact', '3', '--json', '--quiet'),
  );
  assert.equal(report.estimated, measured.filter((row) => !row.deltas.includes(second)).length);
  const whole = JSON.parse(await deltasift('top', '--store', store, '--delta', second, '-k', '1000', '--json'));
  assert.equal(whole.documents.length, measured.length, 'its past is there, estimated');
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return;
    await delay(500);
  }
  assert.fail('it did not come to pass');
}
