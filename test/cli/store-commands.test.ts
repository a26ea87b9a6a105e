/** The commands that read a store, on one whose contents are known. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import { deadMessage, selectionMessage } from '../../pipeline/store/messages.ts';
import { openStore } from '../../pipeline/store/store.ts';
import { keepTokenizer } from '../../pipeline/target/kept-tokenizer.ts';
import { documentCodec, scoreCodec } from '../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import type { Score } from '../../schemas/types.ts';
import { deltasift } from './run.ts';
import { tinyPair } from './tiny.ts';

const folder = mkdtempSync(join(tmpdir(), 'deltasift-commands-'));
const STORE = join(folder, 'store');
const DELTA = 'd1'.repeat(32);
after(() => rmSync(folder, { recursive: true }));

/** Token ids 1..4 of the small tokenizer; the first one is not scored. */
const IDS = Int32Array.of(1890, 602, 345, 317);

function scoreOf(key: string, id: string, score: number, delta = DELTA): Score {
  return {
    key: key.repeat(64),
    id,
    url: id === 'c' ? null : `https://example.org/${id}`,
    delta,
    measurement: 'm',
    ranking: score,
    alignment: score * 10,
    gradientNorm: 2,
    loss: 5.5,
    lossTunedHead: 4.5,
    tokens: 3,
    window: 0,
    windows: 2,
    meanAlignment: 1 / 3,
    text: `text of ${id}\u001b[2J`,
    ids: IDS,
    tokenAlignment: Float32Array.of(1, -2, 0.5),
    sketch: new Float32Array(),
    ...NO_PROVENANCE,
    cosine: score,
    lossTuned: null,
    label: null,
  };
}

const SCORES = [
  scoreOf('a', 'first', 0.5),
  scoreOf('b', 'twin', 0.25),
  scoreOf('c', 'c', 0.25),
  scoreOf('d', 'twin', -0.125),
];

before(() => {
  const store = openStore(STORE);
  store.bind({ id: 'm', fields: { window: 128 } });
  const fixed = { base: 'base', tuned: 'tuned', norm: 3, baseNorm: 30, measurement: 'm', keep: 10, rankBy: 'cosine' };
  store.addDelta({ ...fixed, id: DELTA });
  const scan = store.scan('crawl');
  scan.commit(() => {
    for (const score of SCORES) {
      const value = scoreCodec.encode(score);
      scan.write(selectionMessage({ delta: DELTA, list: 'top', key: score.key, gain: 0, value }));
    }
    const headers = { source: 's', origin: '7' };
    const document = { key: 'e'.repeat(64), id: 'e', url: null, text: 'x', ...NO_PROVENANCE, ...headers };
    scan.write(
      deadMessage({
        key: document.key,
        bytes: documentCodec.encode(document),
        headers: { ...headers, stage: 'tokenize', code: 'too-short', reason: '1 token', topic: 'documents' },
      }),
    );
    scan.write(
      deadMessage({
        key: 's/8',
        bytes: Buffer.from('{'),
        headers: { ...headers, stage: 's', code: 'malformed-record', reason: 'no JSON' },
      }),
    );
  });
  store.close();
  keepTokenizer(STORE, {
    tokenizer: JSON.parse(readFileSync(join(tinyPair.base, 'tokenizer.json'), 'utf8')),
    config: {},
  });
});

const top = (...words: readonly string[]) => deltasift(['top', '--store', STORE, ...words]);

describe('top', () => {
  test('prints rank and the fields of --scores, score descending, then key; the key where an id is not enough', async () => {
    const { out } = await top('-k', '9', '--format', 'jsonl');
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.map(({ id }) => id),
      ['first', 'twin', 'c', 'twin'],
    );
    assert.deepEqual(
      lines.map(({ key }) => key?.[0]),
      [undefined, 'b', undefined, 'd'],
    );
    assert.deepEqual(lines[0], {
      rank: 1,
      id: 'first',
      url: 'https://example.org/first',
      score: 0.5,
      alignment: 5,
      gradientNorm: 2,
      loss: 5.5,
      lossTunedHead: 4.5,
      tokens: 3,
      window: 0,
      windows: 2,
      meanAlignment: 1 / 3,
      cosine: 0.5,
      lossTuned: null,
      label: null,
      consistency: ((-0.5 / 3.5) * 3) / 7,
      ranking: 0.5,
    });
    assert.match((await top('-k', '1')).out, /^rank +score.*\n +1 +0\.50000 .* first +text of first\ufffd\[2J\n$/);
    assert.match((await top('-k', '2')).out, new RegExp(`twin \\(key ${'b'.repeat(64)}\\)`));
  });

  test('csv and parquet hold the same as jsonl', async () => {
    const { out } = await top('--format', 'csv');
    const [header, first, ...rest] = out.split('\r\n');
    assert.equal(
      header,
      'rank,key,id,url,score,alignment,gradientNorm,loss,lossTunedHead,tokens,window,windows,meanAlignment,cosine,lossTuned,label,consistency,ranking,standardError',
    );
    assert.equal(
      first,
      `1,${'a'.repeat(64)},first,https://example.org/first,0.5,5,2,5.5,4.5,3,0,2,0.3333333333333333,0.5,,,${((-0.5 / 3.5) * 3) / 7},0.5,`,
    );
    assert.equal(rest.length, 4);

    const { bytes } = await deltasift(['top', '--store', STORE, '--format', 'parquet']);
    const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
    assert.deepEqual(
      rows.map(({ rank, id, url }) => [rank, id, url]),
      [
        [1, 'first', 'https://example.org/first'],
        [2, 'twin', 'https://example.org/twin'],
        [3, 'c', null],
        [4, 'twin', 'https://example.org/twin'],
      ],
    );
  });

  test('--json is one object', async () => {
    const { delta, measurement, documents } = JSON.parse((await top('-k', '2', '--json')).out);
    assert.deepEqual([delta, measurement, documents.length], [DELTA, 'm', 2]);
  });

  test('more than was kept, a delta or a store that is not there: exit 78, and what is', async () => {
    for (const [run, said] of [
      [top('-k', '11'), /keeps the 10 best.*--keep 11/],
      [top('--delta', 'ff'), new RegExp(`got ff; the store holds:\\n.*${DELTA}  base -> tuned`)],
      [deltasift(['top', '--store', join(folder, 'none')]), /there is no store/],
    ] as const) {
      const { code, err, out } = await run;
      assert.deepEqual([code, out], [78, '']);
      assert.match(err, said);
    }
  });

  test('a delta can be named by the beginning of its id, and has to be where there are several', async () => {
    const dir = join(folder, 'several');
    const store = openStore(dir);
    store.bind({ id: 'm', fields: { window: 128 } });
    const fixed = { base: 'base', tuned: 'tuned', norm: 3, baseNorm: 30, measurement: 'm', keep: 10, rankBy: 'cosine' };
    for (const id of ['ab', 'ac']) store.addDelta({ ...fixed, id: id.repeat(32) });
    store.close();
    const several = await deltasift(['top', '--store', dir]);
    assert.equal(several.code, 78);
    assert.match(several.err, /--delta: missing, and the store holds several/);
    assert.equal(
      JSON.parse((await deltasift(['top', '--store', dir, '--delta', 'ac', '--json'])).out).delta,
      'ac'.repeat(32),
    );
  });
});

describe('show', () => {
  test('lists the strongest tokens, and shades nothing where there is no terminal', async () => {
    const { code, out } = await deltasift(['show', 'first', '--store', STORE]);
    assert.equal(code, 0);
    assert.match(out, /^first {2}https:\/\/example\.org\/first\nkey a{64}\nrank 1, ranking 0\.50000, score 0\.50000/);
    assert.match(out, /And they ass/);
    assert.match(out, /-2\.00 +"/);
    assert.ok(!out.includes('\u001b'));
  });

  test('an id of two documents shows both; a key shows one', async () => {
    const shown = async (name: string) => JSON.parse((await deltasift(['show', name, '--store', STORE, '--json'])).out);
    assert.deepEqual(
      (await shown('twin')).map(({ key }: Score) => key[0]),
      ['b', 'd'],
    );
    const [only] = await shown('d'.repeat(64));
    assert.deepEqual(
      only.shaded.map(({ value }: { value: number | null }) => value),
      [null, 1, -2, 0.5],
    );
  });

  test('a document that is not in the ranking: exit 78', async () => {
    assert.equal((await deltasift(['show', 'nobody', '--store', STORE])).code, 78);
  });
});

describe('rejects', () => {
  test('list says where and why; with --json it has the bytes', async () => {
    const { out } = await deltasift(['rejects', 'list', '--store', STORE]);
    assert.match(out, /tokenize +too-short .* s +7 +1 token\n/);
    const json = await deltasift(['rejects', 'list', '--store', STORE, '--code', 'malformed-record', '--json']);
    const [{ reason, bytes }, ...rest] = JSON.parse(json.out);
    assert.deepEqual([reason, Buffer.from(bytes, 'base64').toString(), rest.length], ['no JSON', '{', 0]);
  });

  test('replay sends messages back once, and leaves records that their source could not read', async () => {
    const replay = async () => JSON.parse((await deltasift(['rejects', 'replay', '--store', STORE, '--json'])).out);
    assert.deepEqual(await replay(), { sent: 1, left: 1 });
    assert.deepEqual(await replay(), { sent: 0, left: 1 });
  });
});
