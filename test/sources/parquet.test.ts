import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { type BasicType, parquetWriteBuffer } from 'hyparquet-writer';
import type { Crawled } from '../../pipeline/contract.ts';
import { parquet } from '../../stages/sources/parquet.ts';
import { all, sourceContract } from '../kit/source.ts';
import { growingFiles } from './growing.ts';
import { said } from './said.ts';
import { scratch } from './scratch.ts';

const signal = new AbortController().signal;

type Columns = Readonly<Record<string, { readonly type: BasicType; readonly data: unknown[] }>>;
type Options = Partial<Parameters<typeof parquetWriteBuffer>[0]>;

function fileOf(columns: Columns, options: Options = {}): Buffer {
  const columnData = Object.entries(columns).map(([name, { type, data }]) => ({ name, type, data, nullable: true }));
  return Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 4, ...options }));
}

/** An LZ4 block of nothing but literals: a token, the rest of the length in bytes of 255, the bytes. */
function lz4Literals(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length - 15;
  if (rest < 0) return Buffer.concat([Buffer.from([bytes.length << 4]), bytes]);
  const lengths = [...Array(Math.floor(rest / 255)).fill(255), rest % 255];
  return Buffer.concat([Buffer.from([0xf0, ...lengths]), bytes]);
}

const strings = (...data: unknown[]) => ({ type: 'STRING' as const, data });

/** Like FineWeb: more columns than are read. */
const web = (n: number, prefix = 'd'): Columns => ({
  text: strings(...Array.from({ length: n }, (_, i) => (i === 5 ? '' : `text ${i} ${'é'.repeat(i)}`))),
  id: strings(...Array.from({ length: n }, (_, i) => `${prefix}${i}`)),
  dump: strings(...Array(n).fill('CC-MAIN-2024-10')),
  url: strings(...Array.from({ length: n }, (_, i) => (i === 2 ? null : `https://example.org/${i}`))),
  score: { type: 'DOUBLE', data: Array.from({ length: n }, (_, i) => i / n) },
});

const of = (path: string, settings: object = {}) => parquet.create(parquet.config.parse({ path, ...settings }));

async function read(content: Buffer, settings: object = {}): Promise<readonly Crawled[]> {
  return await all(of(scratch({ 'web.parquet': content }), settings), undefined, signal);
}

function documents(records: readonly Crawled[]) {
  return records.flatMap((record) => ('document' in record ? [record.document] : []));
}

function named(of: ReturnType<typeof documents>): readonly object[] {
  return of.map(({ id, url, text }) => ({ id, url, text }));
}

function rejects(records: readonly Crawled[]): readonly string[] {
  return records.flatMap((record) => ('reject' in record ? [`${record.reject.code}: ${record.reject.reason}`] : []));
}

describe('parquet', () => {
  const good = fileOf(web(10));
  const folder = scratch({
    '1.parquet': good,
    '2-cut.parquet': good.subarray(0, -100),
    'more/3.parquet': fileOf(web(6, 'e')),
    'notes.md': 'not taken',
  });
  const times = 2000;
  const long = Array.from({ length: times }, (_, i) => `${i} ${'words and more words '.repeat(800)}`);
  const large = fileOf({ text: strings(...long) }, { rowGroupSize: 50 });

  const growing = growingFiles({
    open: of,
    extension: 'parquet',
    file: (n) => fileOf(web(1, `g${n}.`)),
    appends: false,
  });

  describe('file', () =>
    sourceContract({
      make: () => of(join(folder, '1.parquet')),
      growing,
      large: { bytes: long.join('').length, make: () => of(scratch({ 'large.parquet': large })) },
    }));
  describe('folder with a broken file', () => sourceContract({ make: () => of(folder), growing }));

  test('takes the columns text, id and url of every row, through all row groups', async () => {
    const found = await all(of(join(folder, '1.parquet')), undefined, signal);
    assert.equal(found.length, 10);
    assert.deepEqual(said(found)[5], 'drop empty');
    assert.deepEqual(named(documents(found).slice(2, 4)), [
      { id: 'd2', url: null, text: 'text 2 éé' },
      { id: 'd3', url: 'https://example.org/3', text: 'text 3 ééé' },
    ]);
  });

  test('takes what a row says of its document, whatever the type of its column', async () => {
    const columns: Columns = {
      text: strings('x', 'y'),
      date: { type: 'TIMESTAMP', data: [new Date(1706745599000), null] },
      language: strings('eng', null),
      title: strings('A', null),
    };
    const [first, second] = documents(await read(fileOf(columns)));
    assert.deepEqual([first?.title, first?.language, first?.fetchedAt], ['A', 'en', '2024-01-31T23:59:59.000Z']);
    assert.deepEqual([second?.title, second?.language, second?.fetchedAt], [null, null, null]);
  });

  test('takes them from where it is told, keeps the digits of an id, and names a row without one by its place', async () => {
    const columns: Columns = {
      body: strings('one', 'two'),
      'a.b': strings('u1', null),
      key: { type: 'INT64', data: [1234567890123456789n, null] },
      meta: { type: 'JSON', data: [{ at: ['v1'] }, { at: ['v2'] }] },
    };
    const fields = { text: 'body', url: 'a.b', id: 'key' };
    assert.deepEqual(named(documents(await read(fileOf(columns), { fields }))), [
      { id: '1234567890123456789', url: 'u1', text: 'one' },
      { id: 'web.parquet:1', url: null, text: 'two' },
    ]);
    const nested = documents(await read(fileOf(columns), { fields: { ...fields, url: 'meta.at.0', id: 'none' } }));
    assert.deepEqual(
      nested.map(({ id, url }) => [id, url]),
      [
        ['web.parquet:0', 'v1'],
        ['web.parquet:1', 'v2'],
      ],
    );
  });

  test('undoes every compression that files come in', async () => {
    const plain = documents(await read(good));
    for (const [codec, compress] of [
      ['GZIP', zlib.gzipSync],
      ['ZSTD', zlib.zstdCompressSync],
      ['BROTLI', zlib.brotliCompressSync],
    ] as const) {
      const file = fileOf(web(10), { codec, compressors: { [codec]: (bytes: Uint8Array) => compress(bytes) } });
      assert.deepEqual(documents(await read(file)), plain, codec);
    }
    assert.deepEqual(documents(await read(fileOf(web(10), { codec: 'UNCOMPRESSED' }))), plain);
    const lz4 = fileOf(web(10), { codec: 'LZ4_RAW', compressors: { LZ4_RAW: lz4Literals } });
    assert.deepEqual(documents(await read(lz4)), plain, 'LZ4_RAW');
  });

  test('rejects a file that is cut, or is none, or has no such column, once, and reads the next one', async () => {
    const found = await all(of(folder), undefined, signal);
    assert.deepEqual(rejects(found), [
      'truncated-record: 2-cut.parquet: it begins as a Parquet file, but does not end as one',
    ]);
    assert.deepEqual(
      documents(found).map(({ id }) => id),
      [...'012346789'].map((i) => `d${i}`).concat([...'01234'].map((i) => `e${i}`)),
    );
    assert.match(rejects(await read(Buffer.alloc(0)))[0]!, /^corrupt-member: web\.parquet: /);
    assert.match(rejects(await read(Buffer.from('no parquet at all')))[0]!, /^corrupt-member: web\.parquet: /);
    assert.deepEqual(rejects(await read(good, { fields: { text: 'body.x' } })), [
      'malformed-record: web.parquet: body.x is none of its columns, which are text, id, dump, url, score',
    ]);
  });

  test('rejects a row group that is damaged, once, and reads the next group', async () => {
    const file = fileOf(web(10), { codec: 'GZIP', compressors: { GZIP: (bytes) => zlib.gzipSync(bytes) } });
    const damaged = Buffer.from(file);
    const page = damaged.indexOf(Buffer.from([0x1f, 0x8b, 8]));
    damaged.fill(0xff, page, page + 20);
    const found = await read(damaged);
    assert.match(rejects(found).join(), /^corrupt-member: web\.parquet, rows 0 to 3: [^,]*$/);
    assert.deepEqual(
      documents(found).map(({ id }) => id),
      ['d4', 'd6', 'd7', 'd8', 'd9'],
    );
  });

  test('rejects a row group whose reading would not end, and reads the next group', async () => {
    const file = Buffer.from(good);
    const header = file.indexOf(Buffer.from([0x5c, 0x15, 0x08])); // of the first data page: its number of values, 4
    file[header + 1] = 0; // the header ends before that number
    const found = await read(file);
    assert.deepEqual(rejects(found), ['corrupt-member: web.parquet, rows 0 to 3: reading it does not come to an end']);
    assert.deepEqual(
      documents(found).map(({ id }) => id),
      ['d4', 'd6', 'd7', 'd8', 'd9'],
    );
  });

  test('rejects a group that unpacks to more than is allowed, before it does', async () => {
    const bomb = fileOf({ text: strings('a'.repeat(64 << 20), 'b') }, { rowGroupSize: 1 });
    assert.ok(bomb.length < 4 << 20);
    const found = await read(bomb, { maxBytes: 1 << 20 });
    assert.deepEqual(said(found), ['reject too-large', 'b']);
  });

  test('rejects a text that is no UTF-8 with its bytes, and a row without text with what it holds', async () => {
    const latin = Buffer.from([0x63, 0x61, 0x66, 0xe9]);
    const bytes = await read(fileOf({ text: { type: 'BYTE_ARRAY', data: [latin, Buffer.from('fine')] } }));
    assert.deepEqual(said(bytes), ['reject undecodable-text', 'fine']);
    assert.ok('reject' in bytes[0]! && latin.equals(bytes[0].bytes));

    const [row] = await read(fileOf({ text: strings(null), id: { type: 'INT64', data: [7n] } }));
    assert.ok(row !== undefined && 'reject' in row);
    assert.equal(row.reject.code, 'malformed-record');
    assert.deepEqual(JSON.parse(Buffer.from(row.bytes).toString()), { id: '7', text: null });
  });

  test('refuses to go on in a file that is another one', async () => {
    const cursor = (await read(good))[3]!.cursor;
    const other = of(scratch({ 'web.parquet': fileOf(web(9)) }));
    await assert.rejects(all(other, cursor, signal), { name: 'ConfigError', message: /web\.parquet is not the file/ });
  });

  test('whatever bytes are flipped, it ends, and goes on after each of its cursors', async () => {
    const root = scratch({});
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (flips) => {
          const bytes = Buffer.from(good);
          for (const [at, value] of flips) bytes[at] = value;
          const path = join(root, 'flipped.parquet');
          writeFileSync(path, bytes);
          const found = await all(of(path), undefined, signal);
          const middle = Math.floor(found.length / 2);
          if (found.length > 0)
            assert.deepEqual(await all(of(path), found[middle]!.cursor, signal), found.slice(middle + 1));
        },
      ),
      { numRuns: 20, seed: 7 },
    );
  });
});
