/** examples/custom-source: somebody else's source, loaded by the path of its module. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import plugin from '../../examples/custom-source/sqlite.ts';
import type { Source } from '../../pipeline/contract.ts';
import { deltasift } from '../cli/run.ts';
import { tinyCrawl, tinyPair } from '../cli/tiny.ts';
import { all, sourceContract } from '../kit/source.ts';
import { said } from './said.ts';

const MODULE = fileURLToPath(new URL('../../examples/custom-source/sqlite.ts', import.meta.url));
const signal = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'deltasift-custom-'));
after(() => rmSync(folder, { recursive: true }));

type Row = readonly [id: unknown, url: unknown, text: unknown];

function tableOf(name: string, rows: Iterable<Row>): string {
  const path = join(folder, name);
  const database = new Sqlite(path);
  database.exec('CREATE TABLE documents (id, url, text)');
  const insert = database.prepare('INSERT INTO documents VALUES (?, ?, ?)');
  database.transaction(() => {
    for (const row of rows) insert.run(row);
  })();
  database.close();
  return path;
}

const of = (path: string, settings: object = {}): Source => plugin.create(plugin.config.parse({ path, ...settings }));

describe('examples/custom-source', () => {
  const mixed = tableOf('mixed.db', [
    ['a', 'https://example.org/a', 'one'],
    [1234567890123456789n, null, 'two'],
    ['c', null, ''],
    ['d', null, Buffer.from('blob')],
    [null, '', 'five'],
  ]);
  const long = 'words and more words '.repeat(800);
  const times = Math.ceil((32 << 20) / long.length);

  sourceContract({
    make: () => of(mixed),
    large: {
      bytes: times * long.length,
      make: () => of(tableOf('large.db', Array<Row>(times).fill(['x', null, long]))),
    },
  });

  test('takes rows as documents, and keeps ids and addresses as they are', async () => {
    const records = await all(of(mixed), undefined, signal);
    assert.deepEqual(said(records), ['one', 'two', 'drop empty', 'reject malformed-record', 'five']);
    assert.deepEqual(
      records.flatMap((record) => ('document' in record ? [[record.document.id, record.document.url]] : [])),
      [
        ['a', 'https://example.org/a'],
        ['1234567890123456789', null],
        ['row 5', null],
      ],
    );
  });

  test('says what is not there', async () => {
    for (const source of [
      of(join(folder, 'none.db')),
      of(MODULE),
      of(mixed, { table: 'x' }),
      of(mixed, { text: 'x' }),
    ]) {
      await assert.rejects(all(source, undefined, signal), { name: 'ConfigError' });
    }
  });

  test('is checked and scanned by the path of its module', async () => {
    const lines = readFileSync(tinyCrawl(folder, 6), 'utf8').trimEnd().split('\n');
    const documents = lines.map((line) => JSON.parse(line) as { id: string; url: string; text: string });
    const spec = `${MODULE}:${tableOf(
      'tiny.db',
      documents.map(({ id, url, text }) => [id, url, text]),
    )}`;

    const checked = await deltasift(['sources', 'check', spec, '--json']);
    const first = JSON.parse(checked.out).documents.map(({ id, url }: { id: string; url: string }) => [id, url]);
    assert.deepEqual(
      first,
      documents.slice(0, 5).map(({ id, url }) => [id, url]),
      checked.err,
    );

    const scan = ['scan', '--base', tinyPair.base, '--tuned', tinyPair.tuned, '--source', spec];
    const { out, err } = await deltasift([...scan, '--store', join(folder, 'store'), '--threads', '1', '--json']);
    const { read, scored } = JSON.parse(out);
    assert.deepEqual([read, scored], [6, 6], err);
  });
});
