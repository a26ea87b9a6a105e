import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { crc32, gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Source } from '../../pipeline/contract.ts';
import { sourceTools } from '../../pipeline/crawl/source-tools.ts';
import { environmentOf } from '../../pipeline/environment.ts';
import { sourceOf } from '../../stages/sources/sources.ts';
import { all, sourceContract } from '../kit/source.ts';
import { type Handler, oddServer, ranged } from './fetch/odd-server.ts';
import { follower } from './pages/site.ts';
import { said } from './said.ts';

const root = mkdtempSync(join(tmpdir(), 'deltasift-hf-'));
after(() => rmSync(root, { recursive: true }));
const signal = new AbortController().signal;

const parquet = (...texts: readonly string[]) =>
  Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'text', data: [...texts], type: 'STRING' }] }));
const lines = (...texts: readonly string[]) => texts.map((text) => `${JSON.stringify({ text })}\n`).join('');

function dataset(name: string, files: Readonly<Record<string, string | Buffer>>): string {
  for (const [file, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, file)), { recursive: true });
    writeFileSync(join(root, name, file), bytes);
  }
  return join(root, name);
}
const texts = async (path: string, settings: object = {}) =>
  said(await all(await sourceOf({ kind: 'hf-dataset', path, ...settings }, '/'), undefined, signal));

const plain = dataset('plain', {
  'README.md': '# No card\n',
  'dataset_infos.json': '{}',
  'data/train-00000-of-00002.parquet': parquet('one', 'two'),
  'data/train-00001-of-00002.parquet': parquet('three'),
  'data/test-00000-of-00001.jsonl': lines('four'),
  'data/held_out-00000-of-00001.parquet': parquet('five'),
  '.git/x.parquet': 'no data',
});
const carded = dataset('carded', {
  'README.md': [
    '---',
    'license: mit',
    'configs:',
    '- config_name: en',
    '  default: true',
    '  data_files:',
    '  - split: train',
    '    path: [en/a.jsonl, "en/b-*.json.gz"]',
    '  - split: dev',
    '    path: en/c.parquet',
    '- config_name: de',
    '  data_dir: de',
    '- config_name: all',
    '  data_files: "**/*.jsonl"',
    '---',
    '# Carded',
  ].join('\n'),
  'en/a.jsonl': lines('a1', 'a2'),
  'en/b-1.json.gz': gzipSync(lines('b1')),
  'en/c.parquet': parquet('c1'),
  'de/train.jsonl': lines('d1'),
  'de/validation.jsonl': lines('d2'),
});

describe('hf-dataset', async () => {
  const source = await sourceOf({ kind: 'hf-dataset', path: carded }, '/');
  sourceContract({ make: () => source });

  test('without a card, files belong to the splits that their names say', async () => {
    assert.deepEqual(await texts(plain), ['one', 'two', 'three']);
    assert.deepEqual(await texts(plain, { split: 'test' }), ['four']);
    assert.deepEqual(await texts(plain, { split: 'held_out' }), ['five']);
    assert.deepEqual(await texts(plain, { split: 'all' }), ['five', 'four', 'one', 'two', 'three']);
  });

  test('with a card, its configs and their patterns say it', async () => {
    assert.deepEqual(await texts(carded), ['a1', 'a2', 'b1']);
    assert.deepEqual(await texts(carded, { split: 'dev' }), ['c1']);
    assert.deepEqual(await texts(carded, { config: 'de' }), ['d1']);
    assert.deepEqual(await texts(carded, { config: 'de', split: 'validation' }), ['d2']);
    assert.deepEqual(await texts(carded, { config: 'all' }), ['d1', 'd2', 'a1', 'a2']);
  });

  test("reads a snapshot of the hub's cache, whose files are links", async () => {
    const blob = join(dataset('cache', { 'blobs/abc': parquet('linked') }), 'blobs', 'abc');
    const snapshot = dataset('cache/snapshots/1234', { 'README.md': '' });
    symlinkSync(blob, join(snapshot, 'train-00000-of-00001.parquet'));
    assert.deepEqual(await texts(snapshot), ['linked']);
  });

  test('says what there is where a config, a split or a file is not, and what to do', async () => {
    const refused: readonly (readonly [string, object, RegExp])[] = [
      [carded, { config: 'fr' }, /no config fr.*en, de, all/],
      [carded, { split: 'test' }, /no files of split test: there are .*train/],
      [plain, { config: 'en' }, /no config en/],
      [
        dataset('lfs', { 'train.parquet': 'version https://git-lfs.github.com/spec/v1\noid sha256:x\n' }),
        {},
        /git lfs pull/,
      ],
      [dataset('broken', { 'README.md': '---\nconfigs: 7\n---\n', 'train.jsonl': lines('x') }), {}, /card/],
      [join(root, 'none'), {}, /no such file or folder/],
    ];
    for (const [path, settings, message] of refused) {
      await assert.rejects(texts(path, settings), { name: 'ConfigError', message });
    }
  });
});

describe('hf-dataset on a hub', async () => {
  const [hub, store] = [await oddServer(), await oddServer()];
  const COMMITS = ['a'.repeat(40), 'b'.repeat(40)] as const;
  const TOKEN = 'hf_of_the_tests';
  const http = { contact: 'me@example.org', allowHosts: [hub.host, store.host], perSecond: 1000, burst: 100 };
  const files: Readonly<Record<string, Buffer>> = {
    'README.md': Buffer.from('---\nconfigs:\n- config_name: default\n  data_files: "data/*"\n---\n'),
    '.gitattributes': Buffer.from('x'),
    'notes.jsonl': Buffer.from(lines('no data')),
    'data/train a-00000-of-00002.jsonl': Buffer.from(lines('one', 'two')),
    'data/train-00001-of-00002.parquet': parquet('three', 'four'),
  };

  /** Large files are redirected to the store, as the hub does; its list comes in parts. */
  function publish(commit: string, held: Readonly<Record<string, Buffer>>): void {
    const guarded =
      (handler: Handler): Handler =>
      (request, response) =>
        request.headers.authorization === `Bearer ${TOKEN}`
          ? handler(request, response)
          : response.writeHead(401).end();
    const json = (value: unknown, headers = {}): Handler =>
      guarded((_, response) => response.writeHead(200, headers).end(JSON.stringify(value)));
    hub.on('/api/datasets/org/crawl/revision/main', json({ id: 'org/crawl', sha: commit }));
    hub.on(`/api/datasets/org/crawl/revision/${commit}`, json({ sha: commit }));
    const entries = Object.entries(held).map(([path, bytes]) => ({
      type: 'file',
      path,
      size: bytes.length,
      oid: `${crc32(bytes)}`,
      ...(path.endsWith('.parquet') ? { lfs: { oid: `l${crc32(bytes)}`, size: bytes.length } } : {}),
    }));
    const tree = `/api/datasets/org/crawl/tree/${commit}?recursive=true`;
    const link = `<${hub.origin}${tree}&cursor=2>; rel="next"`;
    hub.on(tree, json([{ type: 'directory', path: 'data', size: 0, oid: 'd' }, ...entries.slice(0, 2)], { link }));
    hub.on(`${tree}&cursor=2`, json(entries.slice(2)));
    for (const [path, bytes] of Object.entries(held)) {
      const at = `/datasets/org/crawl/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
      if (!path.endsWith('.parquet')) {
        hub.on(at, guarded(ranged(bytes)));
        continue;
      }
      const location = `${store.origin}/${crc32(bytes)}`;
      hub.on(
        at,
        guarded((_, response) => response.writeHead(302, { location }).end()),
      );
      store.file(`/${crc32(bytes)}`, bytes);
    }
  }
  publish(COMMITS[0], files);

  async function of(settings: object = {}, token = TOKEN) {
    const environment = environmentOf({ HF_TOKEN: token, HF_ENDPOINT: hub.origin }, '/', false);
    const tools = sourceTools({ environment, folder: '/', clock: () => 0, note: () => undefined });
    return await sourceOf({ kind: 'hf-dataset', path: 'hf:org/crawl', http, ...settings }, '/', tools);
  }

  const source = await of();
  sourceContract({ make: () => source });

  test('reads the data files of a config alone, and tells the token to the hub and to nobody else', async () => {
    assert.deepEqual(said(await all(await of(), undefined, signal)), ['one', 'two', 'three', 'four']);
    assert.ok(store.asked.length > 0);
    assert.ok(store.asked.every(({ headers }) => headers.authorization === undefined));
    assert.ok(hub.asked.every(({ path }) => !/notes|gitattributes/.test(path)));
  });

  test('goes on where it was after the revision has moved, with what is new; a commit stays as it is', async () => {
    const before = await all(await of(), undefined, signal);
    const look = follower(await of());
    assert.equal((await look(signal)).length, 4);
    publish(COMMITS[1], { ...files, 'data/train-00002.jsonl': Buffer.from(lines('five')) });
    assert.deepEqual(said(await look(signal)), ['five']);
    assert.deepEqual(said(await all(await of(), before[1]!.cursor, signal)), ['three', 'four', 'five']);
    const pinned = await of({ path: `hf:org/crawl@${COMMITS[0]}` });
    assert.deepEqual(said(await all(pinned, undefined, signal)), ['one', 'two', 'three', 'four']);
  });

  test('says what is missing: the data set, the token, somebody to be reached', async () => {
    const refused = async (opened: Promise<Source>, message: RegExp) =>
      await assert.rejects(
        opened.then((one) => all(one, undefined, signal)),
        { name: 'ConfigError', message },
      );
    await refused(of({ path: 'hf:org/none' }), /knows no data set org\/none of revision main/);
    await refused(of({ path: 'hf:org/crawl@v9' }), /of revision v9/);
    await refused(of({}, 'another'), /401: HF_TOKEN may not read it/);
    await refused(of({}, ''), /401: set HF_TOKEN/);
    await refused(of({ path: 'hf:../x' }), /expected hf:organisation/);
    await refused(sourceOf('hf-dataset:hf:org/name', '/'), /contact/);
    await refused(sourceOf('hf-dataset:https://example.org/x', '/'), /hf:organisation\/name/);
  });
});
