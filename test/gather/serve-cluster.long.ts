/** `serve --brokers` and what else looks at a live cluster: workers with rules, deltas that come over the API, a server killed. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { halfTuned, tinyCrawl, tinyPair } from '../cli/tiny.ts';
import { type Broker, startBroker } from '../kit/broker.ts';
import { folders } from '../kit/folder.ts';
import { allRead, untilLag } from '../kit/lag.ts';

const CLI = fileURLToPath(new URL('../../pipeline/cli.ts', import.meta.url));
const TOKEN = 'a-token-for-tests-only';
const DOCUMENTS = 120;
const folder = folders();
const dir = folder();
const children: ChildProcess[] = [];
let broker: Broker;

before(async () => {
  broker = await startBroker();
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await broker.close();
});

test('a server that is killed goes on where it was, shows what gather shows, and changes deltas for all workers', async () => {
  const file = (name: string) => join(dir, name);
  const config = ['--config', file('watch.yaml')];
  const deltasift = async (...words: readonly string[]) =>
    (await promisify(execFile)(process.execPath, [CLI, ...words], { maxBuffer: 2 ** 28 })).stdout;
  const json = async (...words: readonly string[]) => JSON.parse(await deltasift(...words, '--json'));
  const start = (...words: readonly string[]): ChildProcess => {
    const env = { ...process.env, DELTASIFT_TOKEN: TOKEN };
    const child = spawn(process.execPath, [CLI, ...words, ...config], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
  const serve = async () => {
    const words = ['--store', file('live'), '--serve', '0', '--serve-checkpoints', file('models'), '--json'];
    const child = start('serve', ...words);
    const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
    const { url } = JSON.parse(line) as { readonly url: string };
    const ask = async (method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
      const given = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(url + path, {
        method,
        headers: body === undefined ? { authorization: headers.authorization } : headers,
        ...given,
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : JSON.parse(text) };
    };
    const documents = async (id: string): Promise<number> => {
      const { items } = (await ask('GET', '/api/deltas')).body;
      return items.find((one: { readonly id: string }) => one.id === id)?.documents ?? 0;
    };
    return { child, ask, documents };
  };

  const lines = readFileSync(tinyCrawl(dir, DOCUMENTS), 'utf8').trim().split('\n');
  const texts = (part: readonly string[]) => new Set(part.map((line) => JSON.parse(line).text)).size;
  const crawl = async (name: string, part: readonly string[]) => {
    writeFileSync(file(name), `${part.join('\n')}\n`);
    await deltasift('crawl', '--source', `jsonl:${file(name)}`, ...config);
  };
  const thirds = [0, 1, 2].map((i) => lines.slice((i * DOCUMENTS) / 3, ((i + 1) * DOCUMENTS) / 3));
  const settings = {
    ...{ brokers: [broker.address], partitions: 2, ...tinyPair, window: 32, threads: 1, keep: 1000, pool: 20 },
    alerts: [{ name: 'every', above: -1, nearDuplicates: 'keep' }],
    sinks: [{ kind: 'file', path: file('told.jsonl') }],
  };
  writeFileSync(file('watch.yaml'), JSON.stringify(settings));
  mkdirSync(file('models'));
  const half = halfTuned(file('models/half'));

  await deltasift('topics', 'create', ...config);
  start('worker', '--quiet');
  await crawl('first.jsonl', thirds[0]!);
  let server = await serve();
  const [{ id: own }] = (await server.ask('GET', '/api/deltas')).body.items;
  await until(async () => (await server.documents(own)) === texts(thirds[0]!));

  const refused = await server.ask('POST', '/api/deltas', { tuned: tinyPair.tuned });
  assert.equal(refused.status, 403, 'not under a root');
  const added = await server.ask('POST', '/api/deltas', { tuned: half });
  assert.equal(added.status, 201, JSON.stringify(added.body));
  const { id } = added.body as { readonly id: string };
  assert.equal((await server.ask('POST', '/api/deltas', { tuned: half })).status, 422, 'it is there already');
  const listed = async (): Promise<readonly { readonly id: string; readonly state: string }[]> =>
    (await json('delta', 'list', ...config)).deltas;
  assert.deepEqual(new Set((await listed()).map((one) => one.id)), new Set([own, id]));

  await crawl('second.jsonl', thirds[1]!);
  await until(async () => (await server.documents(id)) > 0);
  server.child.kill('SIGKILL');
  await crawl('third.jsonl', thirds[2]!);
  await untilLag(() => deltasift('lag', '--json', ...config), allRead);
  server = await serve();
  const all = texts(lines);
  await until(async () => (await server.documents(own)) === all);
  const later = await server.documents(id);
  assert.ok(later >= texts(thirds[2]!), 'the delta was scored from when it came');
  assert.ok(later <= all - texts(thirds[0]!), 'and no document before');

  const gathered = await json('gather', ...config, '--store', file('gathered'));
  assert.ok(gathered.messages > 0);
  const best = (store: string, delta: string) =>
    deltasift('top', '--store', file(store), '--delta', delta, '-k', '1000', '--format', 'jsonl');
  for (const delta of [own, id]) assert.equal(await best('live', delta), await best('gathered', delta));
  const stand = async (...words: readonly string[]) => {
    const { bytes: _, waiting: __, deltas, ...rest } = await json('status', ...words);
    return { ...rest, deltas: deltas.map(({ kept: ___, ...delta }: { readonly kept?: number }) => delta) };
  };
  const live = await stand('--store', file('live'));
  assert.deepEqual(await stand('--store', file('gathered')), live);
  assert.deepEqual(await stand(...config), live, 'status of the cluster itself');
  assert.equal(live.scored, all);
  assert.match(await deltasift('status', ...config), /^\d+ records read(.|\n)*alerts: 0 wait for deliver\.file/);

  const alerts = async (...words: readonly string[]): Promise<readonly string[]> =>
    (await json('alerts', 'list', '-k', '100000', ...words)).map((alert: { readonly id: string }) => alert.id).sort();
  const found = await alerts('--store', file('live'));
  assert.equal(found.length, all + later, 'each document of each delta, once');
  assert.deepEqual(await alerts(...config), found);
  assert.equal((await json('alerts', 'list', '-k', '3', ...config)).length, 3);
  const told = readFileSync(file('told.jsonl'), 'utf8').trim().split('\n');
  const ids = new Set(told.map((line) => JSON.parse(line).id));
  assert.deepEqual([...ids].sort(), found, 'also those of the delta that came');

  const place = `/api/deltas/${id}`;
  assert.equal((await server.ask('PATCH', place, { paused: true })).body.paused, true);
  assert.equal((await listed()).find((one) => one.id === id)?.state, 'paused');
  assert.equal((await server.ask('DELETE', place)).status, 204);
  assert.deepEqual(
    (await listed()).map((one) => one.id),
    [own],
  );
  const again = await json('gather', ...config, '--store', file('gathered'));
  assert.ok(again.messages < gathered.messages, 'only what came since');
  await assert.rejects(best('gathered', id), /no delta|holds/);
  assert.equal(await best('gathered', own), await best('live', own));

  server.child.kill('SIGTERM');
  await once(server.child, 'exit');
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return;
    await delay(300);
  }
  assert.fail('it did not come to pass');
}
