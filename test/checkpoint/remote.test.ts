import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { ConfigError } from '../../pipeline/error.ts';
import { type Checkpoint, type CheckpointOptions, openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { openDelta } from '../../stages/checkpoint/delta.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { parseHubRef } from '../../stages/checkpoint/hub-folder.ts';
import { tensorsHash } from '../../stages/checkpoint/measurement.ts';
import { GPT2, safetensors, scratchFolder, TINY, type Written, writeFiles } from './files.ts';
import { hubServer, type Repository } from './hub-server.ts';

const scratch = scratchFolder('remote');
const signal = AbortSignal.timeout(30_000);
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

const tinyFiles = (side: string) =>
  new Map(readdirSync(`${TINY}${side}`).map((name) => [name, new Uint8Array(readFileSync(`${TINY}${side}/${name}`))]));
const ROWS = 4000;
const values = (shift: number) => Float32Array.from({ length: ROWS * 16 }, (_, i) => Math.sin(i) + (i % 5) * shift);
const large = (data: Float32Array): Written => ({ shape: [ROWS, 16], data: new Uint8Array(data.buffer) });

/** Weights that are no other model's. */
const oddFiles = tinyFiles('tuned');
oddFiles.get('model.safetensors')!.fill(1, 900_000);

/** A model whose head is a small part of it: two shards, the second with a header of more than one read. */
function sharded(shift: number): ReadonlyMap<string, Uint8Array> {
  const many = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`h.${i}.a.tensor.with.a.name.of.some.length`, { shape: [1], data: [i] }]),
  );
  const body: Written = { shape: [1 << 20], data: new Uint8Array(4 << 20) };
  const map = {
    x: 'model-1.safetensors',
    'wte.weight': 'model-2.safetensors',
    ...Object.fromEntries(Object.keys(many).map((name) => [name, 'model-2.safetensors'])),
  };
  return new Map<string, Uint8Array>([
    ['config.json', Buffer.from(JSON.stringify(GPT2))],
    ['model.safetensors.index.json', Buffer.from(JSON.stringify({ weight_map: map }))],
    ['model-1.safetensors', safetensors({ x: body })],
    ['model-2.safetensors', safetensors({ ...many, 'wte.weight': large(values(shift)), y: body })],
  ]);
}

const repository = (
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
  more: Partial<Repository> = {},
): Repository => ({
  name,
  commit: COMMIT,
  revisions: ['main', 'refs/pr/1'],
  files,
  ...more,
});

const server = await hubServer([
  repository('org/base', tinyFiles('base')),
  repository('org/tuned', tinyFiles('tuned')),
  repository('org/gated', tinyFiles('tuned'), { token: 'secret' }),
  repository('org/big', sharded(0)),
  repository('org/big-tuned', sharded(0.1)),
  repository('org/odd', oddFiles),
  repository('legacy', tinyFiles('tuned')),
]);
let made = 0;
let cache: string;
beforeEach(() => {
  server.reset();
  cache = join(scratch, `${made++}`);
});

const open = (ref: string, options: Partial<CheckpointOptions> = {}): Promise<Checkpoint> =>
  openCheckpoint(ref, { cache, hub: server.hub, ...options }, signal);
const model = (name: string) => join(cache, 'hub', `models--${name.replace('/', '--')}`);

describe('a checkpoint on a hub', () => {
  test('is the one that a folder would hold', async () => {
    const [remote, local] = [await open('hf:org/base'), await open(`${TINY}base`)];
    assert.deepEqual(remote.config, local.config);
    assert.deepEqual([...remote.tensors], [...local.tensors]);
    assert.deepEqual(await remote.tokenizer(), await local.tokenizer());
    for (const name of ['transformer.wte.weight', 'transformer.ln_f.bias']) {
      assert.deepEqual(await remote.read(name), await local.read(name));
      assert.deepEqual(await remote.read(name, [3, 5]), await local.read(name, [3, 5]));
    }
    const names = ['transformer.wpe.weight', 'transformer.wte.weight'];
    for (const [name, { path, offset, bytes }] of await remote.local(names)) {
      const { buffer } = Uint8Array.from(readFileSync(path).subarray(offset, offset + bytes));
      assert.deepEqual(new Float32Array(buffer), await local.read(name));
      assert.equal(path, realpathSync(path));
    }
    assert.equal(await (await open('hf:org/tuned')).tokenizer(), undefined);
    assert.equal((await open('hf:legacy')).head.name, 'transformer.wte.weight');
  });

  test('gives a delta for the price of its heads', async () => {
    const delta = await openDelta(await open('hf:org/big'), await open('hf:org/big-tuned@main'), signal);
    const head = ROWS * 16 * 4;
    const all = [...sharded(0).values()].reduce((sum, { length }) => sum + length, 0);
    assert.ok(server.sent() < 2 * head + 300_000, `${server.sent()} bytes were sent`);
    assert.ok(server.sent() < all / 8);
    server.reset();
    const again = await openDelta(await open('hf:org/big'), await open('hf:org/big-tuned'), signal);
    assert.equal(again.id, delta.id);
    assert.ok(server.sent() < 1000, 'the second time, only the commits are asked for');
  });

  test('keeps whole files where the Python library looks for them, and parts beside it', async () => {
    const checkpoint = await open('hf:org/big@refs/pr/1');
    await checkpoint.local(['wte.weight', 'h.7.a.tensor.with.a.name.of.some.length']);
    assert.equal(readFileSync(join(model('org/big'), 'refs', 'refs', 'pr', '1'), 'utf8'), COMMIT);
    const snapshot = join(model('org/big'), 'snapshots', COMMIT);
    assert.deepEqual(readdirSync(snapshot).sort(), ['config.json', 'model.safetensors.index.json']);
    assert.match(readlinkSync(join(snapshot, 'config.json')), /^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    assert.deepEqual(JSON.parse(readFileSync(join(snapshot, 'config.json'), 'utf8')), GPT2);
    const parts = readdirSync(join(cache, 'deltasift', 'models--org--big', COMMIT, 'model-2.safetensors'));
    assert.equal(parts.length, 3, 'the header and two tensors');
  });

  test('is hashed and then run for the price of one download', async () => {
    const checkpoint = await open('hf:org/big');
    const names = ['x', 'wte.weight'];
    await tensorsHash(checkpoint, names, signal);
    const size = names.reduce((sum, name) => sum + checkpoint.tensors.get(name)!.bytes, 0);
    const sent = server.sent();
    assert.ok(sent < size + 150_000);
    await checkpoint.local(names);
    assert.equal(server.sent(), sent);
  });

  test('is kept as a whole file when every tensor of it is asked for', async () => {
    const checkpoint = await open('hf:org/tuned');
    const placed = await checkpoint.local([...checkpoint.tensors.keys()]);
    const link = join(model('org/tuned'), 'snapshots', COMMIT, 'model.safetensors');
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.deepEqual(new Set([...placed.values()].map(({ path }) => path)), new Set([realpathSync(link)]));
    assert.deepEqual(readFileSync(link), readFileSync(`${TINY}tuned/model.safetensors`));
    assert.deepEqual(
      await checkpoint.read('transformer.wpe.weight'),
      await (await open(`${TINY}tuned`)).read('transformer.wpe.weight'),
    );
  });

  test('is read from a cache that the Python library wrote, without the network', async () => {
    const files = tinyFiles('base');
    for (const [name, bytes] of files) writeFiles(join(model('org/base'), 'blobs'), { [`hash-of-${name}`]: bytes });
    const snapshot = join(model('org/base'), 'snapshots', COMMIT);
    mkdirSync(snapshot, { recursive: true });
    for (const name of files.keys()) symlinkSync(join('..', '..', 'blobs', `hash-of-${name}`), join(snapshot, name));
    writeFiles(join(model('org/base'), 'refs'), { main: COMMIT });
    const checkpoint = await open('hf:org/base', { offline: true });
    const { path } = (await checkpoint.local(['transformer.wte.weight'])).get('transformer.wte.weight')!;
    assert.equal(path, realpathSync(join(snapshot, 'model.safetensors')));
    assert.ok(await checkpoint.tokenizer());
    await open(`hf:org/base@${COMMIT}`);
    assert.equal(server.requests.length, 0);
  });

  test('offline gives what was fetched before, and says what was not', async () => {
    await (await open('hf:org/big')).local(['wte.weight']);
    server.reset();
    const checkpoint = await open('hf:org/big', { offline: true });
    await checkpoint.local(['wte.weight']);
    assert.deepEqual(await checkpoint.read('wte.weight'), values(0));
    await assert.rejects(checkpoint.read('x'), /not in the cache, and offline/);
    await assert.rejects(checkpoint.local(['x']), CheckpointError);
    await assert.rejects(open('hf:org/big@v2', { offline: true }), ConfigError);
    await assert.rejects(open('hf:org/other', { offline: true }), ConfigError);
    assert.equal(server.requests.length, 0);
  });

  test('gets the token at the hub, and no one else does', async () => {
    await assert.rejects(
      open('hf:org/gated'),
      (error) => error instanceof ConfigError && /401.*GatedRepo.*HF_TOKEN/.test(error.message),
    );
    server.reset();
    const checkpoint = await open('hf:org/gated', { token: 'secret' });
    await checkpoint.local(['transformer.wte.weight']);
    const port = Number(new URL(server.store).port);
    const [stored, hubbed] = [true, false].map((atStore) =>
      server.requests.filter((request) => (request.port === port) === atStore),
    );
    assert.ok(stored!.length > 0 && stored!.every(({ authorization }) => authorization === undefined));
    assert.ok(hubbed!.every(({ authorization }) => authorization === 'Bearer secret'));
  });

  test('is a mistake in the flags where the hub knows neither model nor revision', async () => {
    await assert.rejects(open('hf:org/nothing'), ConfigError);
    await assert.rejects(open('hf:org/base@nothing'), ConfigError);
    await assert.rejects(open(`hf:org/base@${COMMIT.replace('0', 'f')}`), CheckpointError);
  });

  test('stops at an abort, however long the server makes it wait', async () => {
    server.reset(() => 503);
    const controller = new AbortController();
    const opened = openCheckpoint('hf:org/base', { cache, hub: server.hub }, controller.signal);
    setTimeout(() => controller.abort(), 50);
    await assert.rejects(opened, { name: 'AbortError' });
    await assert.rejects(openCheckpoint('hf:org/base', { cache, hub: server.hub }, AbortSignal.abort()), {
      name: 'AbortError',
    });
  });

  test('is refused where it is not what the hub says', async () => {
    const checkpoint = await open('hf:org/odd');
    oddFiles.get('model.safetensors')!.fill(7, 100_000, 200_000);
    await assert.rejects(checkpoint.local([...checkpoint.tensors.keys()]), /its sha-256 is/);
    const left = readdirSync(join(model('org/odd'), 'blobs'));
    assert.ok(
      left.every((name) => name.length === 40),
      `nothing broken is kept: ${left}`,
    );
  });

  test('has a name that leads nowhere but into the cache', () => {
    assert.deepEqual(parseHubRef('hf:org/model'), { repository: 'org/model', revision: 'main' });
    assert.deepEqual(parseHubRef('hf:gpt2@refs/pr/3'), { repository: 'gpt2', revision: 'refs/pr/3' });
    for (const ref of [
      'hf:',
      'hf:a/b/c',
      'hf:../x',
      'hf:a/..',
      'hf:a/b@',
      'hf:a/b@../../x',
      'hf:a/b@/etc',
      'hf:a\\b',
      'hf:a/b@x//y',
      'hf:a/b@.',
    ]) {
      assert.throws(() => parseHubRef(ref), ConfigError, ref);
    }
  });
});

describe('a checkpoint behind a web server', () => {
  const address = (name: string) => `${server.hub}/${name}/resolve/${COMMIT}`;

  test('is read by range, and its parts are kept as long as its etag is the same', async () => {
    const checkpoint = await open(address('org/big'));
    assert.deepEqual(await (await checkpoint.local(['wte.weight'])).get('wte.weight')?.shape, [ROWS, 16]);
    assert.deepEqual(await checkpoint.read('wte.weight'), values(0));
    assert.ok(server.sent() < ROWS * 16 * 4 + 200_000);
    server.reset();
    await (await open(`${address('org/big')}/`)).local(['wte.weight']);
    assert.ok(server.sent() < 200_000);
    server.reset(({ range }) => (range === undefined ? undefined : 'no-etag'));
    await (await open(address('org/big'))).local(['wte.weight']);
    assert.ok(server.sent() > ROWS * 16 * 4, 'without an etag nothing says that the parts are the same');
  });

  test('may be small and its server ignore ranges', async () => {
    server.reset(() => 'no-ranges');
    const checkpoint = await open(address('org/tuned'));
    const before = server.sent();
    assert.deepEqual(
      await checkpoint.read('transformer.wte.weight'),
      await (await open(`${TINY}tuned`)).read('transformer.wte.weight'),
    );
    assert.equal(server.sent(), before, 'the file is fetched once, not once per tensor');
  });

  test('is refused offline, and at an address that is none', async () => {
    await assert.rejects(open(address('org/base'), { offline: true }), ConfigError);
    await assert.rejects(open('https://'), ConfigError);
  });
});

test('parts of a file that was cut off are not taken for the whole', async () => {
  const checkpoint = await open('hf:org/big');
  await checkpoint.local(['wte.weight']);
  const folder = join(cache, 'deltasift', 'models--org--big', COMMIT, 'model-2.safetensors');
  const part = readdirSync(folder).find((name) => name.endsWith('.part'))!;
  writeFileSync(join(folder, part), 'cut');
  const again = await open('hf:org/big');
  await again.local(['wte.weight']);
  assert.deepEqual(await again.read('wte.weight'), values(0));
});
