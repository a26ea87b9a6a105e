import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { sourceOf } from '../../stages/sources/sources.ts';
import { all, sourceContract } from '../kit/source.ts';
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
    await assert.rejects(sourceOf('hf-dataset:hf:org/name', '/'), { name: 'ConfigError', message: /git clone/ });
  });
});
