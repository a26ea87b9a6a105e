import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import zlib from 'node:zlib';
import type { Crawled } from '../../pipeline/contract.ts';
import { jsonl } from '../../stages/sources/jsonl.ts';
import { all, sourceContract } from '../kit/source.ts';
import { growingFiles } from './growing.ts';
import { scratch } from './scratch.ts';

const signal = new AbortController().signal;

const lines = Array.from({ length: 12 }, (_, i) =>
  JSON.stringify({ id: `d${i}`, url: null, text: `text ${i} ${'é'.repeat(i)}` }),
);
const mixed = ['not json', ...lines.slice(0, 4), '', '{"id":"e","text":""}', '[1]', ...lines.slice(4)].join('\n');
const utf8 = Buffer.from(`${mixed}\n`);

function of(path: string, settings: object = {}) {
  return jsonl.create(jsonl.config.parse({ path, ...settings }));
}

async function read(content: string | Uint8Array, settings: object = {}): Promise<readonly Crawled[]> {
  return await all(of(join(scratch({ 'crawl.jsonl': content }), 'crawl.jsonl'), settings), undefined, signal);
}

/** One word a record: the id of a document, the code of a reject, the reason of a drop. */
function words(records: readonly Crawled[]): readonly string[] {
  return records.map((record) => {
    if ('document' in record) return record.document.id;
    return 'reject' in record ? record.reject.code : record.drop.reason;
  });
}

const mixedWords = [
  'malformed-record',
  'd0',
  'd1',
  'd2',
  'd3',
  'empty',
  'malformed-record',
  ...lines.slice(4).map((_, i) => `d${i + 4}`),
];

describe('jsonl', () => {
  const half = utf8.indexOf('\n', utf8.length / 2) + 10; // members need not end where lines do
  const compressed = {
    gzip: [zlib.gzipSync(utf8.subarray(0, half)), zlib.gzipSync(utf8.subarray(half))],
    zstd: [zlib.zstdCompressSync(utf8.subarray(0, half)), zlib.zstdCompressSync(utf8.subarray(half))],
  };
  const folder = scratch({
    'a/plain.jsonl': utf8,
    'a/gzip-by-its-bytes.jsonl': Buffer.concat(compressed.gzip),
    'b.jsonl.zst': Buffer.concat(compressed.zstd),
    'c.ndjson.gz': Buffer.concat([...compressed.gzip, Buffer.alloc(512)]),
    'notes.md': 'not taken',
    '.hidden/x.jsonl': lines[0]!,
  });

  describe('plain', () =>
    sourceContract({
      make: () => of(join(folder, 'a/plain.jsonl')),
      large: large('plain', (bytes) => bytes),
      growing: growing('jsonl'),
    }));
  describe('gzip', () =>
    sourceContract({
      make: () => of(join(folder, 'a/gzip-by-its-bytes.jsonl')),
      large: large('gzip', zlib.gzipSync),
      growing: growing('jsonl.gz', zlib.gzipSync),
    }));
  describe('zstd', () =>
    sourceContract({
      make: () => of(join(folder, 'b.jsonl.zst')),
      growing: growing('jsonl.zst', zlib.zstdCompressSync),
    }));
  describe('folder', () => sourceContract({ make: () => of(folder), growing: growing('ndjson') }));

  function growing(extension: string, compress = (bytes: Buffer) => bytes) {
    const file = (n: number) => compress(Buffer.from(`${JSON.stringify({ id: `g${n}`, text: 'grows' })}\n`));
    return growingFiles({ open: of, extension, file, appends: true });
  }

  function large(name: string, compress: (bytes: Buffer) => Buffer) {
    const line = Buffer.from(`${JSON.stringify({ id: 'x', text: 'words and more words '.repeat(800) })}\n`);
    const times = Math.ceil((32 << 20) / line.length);
    const path = join(folder, '.large', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, compress(Buffer.concat(Array<Buffer>(times).fill(line))));
    return { bytes: times * line.length, make: () => of(path) };
  }

  test('tells compression by the bytes, and reads folders in the order of their names', async () => {
    for (const name of ['a/plain.jsonl', 'a/gzip-by-its-bytes.jsonl', 'b.jsonl.zst', 'c.ndjson.gz']) {
      assert.deepEqual(words(await all(of(join(folder, name)), undefined, signal)), mixedWords, name);
    }
    const records = await all(of(folder), undefined, signal);
    assert.deepEqual(words(records), [...mixedWords, ...mixedWords, ...mixedWords, ...mixedWords]);
    const files = records.map(({ cursor }) => (JSON.parse(cursor) as { jsonl: string }).jsonl);
    assert.deepEqual([...new Set(files)], ['a/gzip-by-its-bytes.jsonl', 'a/plain.jsonl', 'b.jsonl.zst', 'c.ndjson.gz']);
    assert.deepEqual(words(await all(of(join(folder, '*.{zst,gz}')), undefined, signal)), [
      ...mixedWords,
      ...mixedWords,
    ]);
  });

  test('takes id, text and url from where it is told, and names a document without an id by its place', async () => {
    const unsaid = { canonicalUrl: null, title: null, language: null, fetchedAt: null, extraction: 'field' };
    const records = await read(
      [
        '{"meta":{"key":7,"at":["u1"]},"a.b":"one"}',
        '{"meta":{"key":12345678901234567890},"a":{"b":"two"}}',
        '{"a":{"b":"three"}}',
        '{"a":{"b":{"constructor":1}}}',
      ].join('\r\n'),
      { fields: { id: 'meta.key', text: 'a.b', url: 'meta.at.0' } },
    );
    assert.deepEqual(
      records.map((record) => 'document' in record && record.document),
      [
        { id: '7', url: 'u1', text: 'one', ...unsaid },
        { id: '12345678901234567890', url: null, text: 'two', ...unsaid },
        { id: 'crawl.jsonl:99', url: null, text: 'three', ...unsaid },
        false,
      ],
    );
  });

  test('takes what a line says of its document, and nothing where it says something else', async () => {
    const said = { canonicalUrl: 'https://a.example/', title: 'A', language: 'en-GB', date: '2024-01-31 23:59:59' };
    const records = await read(
      [
        said,
        { meta: { lang: 'deu', at: 1706745599 } },
        { canonicalUrl: 7, title: null, language: 'klingon', date: 'soon' },
      ]
        .map((line) => JSON.stringify({ text: 'x', ...line }))
        .join('\n'),
    );
    const described = (record: Crawled | undefined) => {
      assert.ok(record !== undefined && 'document' in record);
      const { canonicalUrl, title, language, fetchedAt } = record.document;
      return [canonicalUrl, title, language, fetchedAt];
    };
    assert.deepEqual(described(records[0]), ['https://a.example/', 'A', 'en', '2024-01-31T23:59:59.000Z']);
    assert.deepEqual(described(records[2]), [null, null, null, null]);
    const [only] = await read('{"text":"x","meta":{"lang":"deu","at":1706745599}}', {
      fields: { language: 'meta.lang', fetchedAt: 'meta.at' },
    });
    assert.deepEqual(described(only), [null, null, 'de', '2024-01-31T23:59:59.000Z']);
  });

  test('reads past a byte order mark, CRLF and blank lines, and keeps a last line without an end', async () => {
    assert.deepEqual(words(await read(`\ufeff${lines[0]}\r\n\r\n  \n${lines[1]}`)), ['d0', 'd1']);
  });

  test('rejects a line that is no UTF-8, with its bytes', async () => {
    const bad = Buffer.concat([Buffer.from('{"id":"x","text":"caf'), Buffer.from([0xe9]), Buffer.from('"}')]);
    const [first, second] = await read(Buffer.concat([bad, Buffer.from(`\n${lines[0]}\n`)]));
    assert.ok(first !== undefined && 'reject' in first);
    assert.equal(first.reject.code, 'undecodable-text');
    assert.deepEqual(Buffer.from(first.bytes), bad);
    assert.ok(second !== undefined && 'document' in second);
  });

  test('keeps the beginning of a line that is too long, and reads on behind it', async () => {
    const records = await read(
      zlib.gzipSync(Buffer.concat([Buffer.alloc(50 << 20, 'x'), Buffer.from(`\n${lines[0]}`)])),
      {
        maxLine: 1 << 20,
      },
    );
    assert.deepEqual(words(records), ['too-large', 'd0']);
    assert.ok('reject' in records[0]! && records[0].bytes.length === 64 << 10);
    assert.match('reject' in records[0] ? records[0].reject.reason : '', /52428801 bytes/);
  });

  test('a half-written surrogate pair becomes a replacement character', async () => {
    const [record] = await read('{"id":"x","text":"a\\ud800b"}');
    assert.ok(record !== undefined && 'document' in record);
    assert.equal(record.document.text, 'a\ufffdb');
  });

  test('rejects what cannot be decompressed, once, after what can, and reads the next file', async () => {
    const [first, second] = compressed.gzip as [Buffer, Buffer];
    const flipped = Buffer.from(second);
    flipped[flipped.length - 6]! ^= 1;
    const root = scratch({
      '1-cut.jsonl': Buffer.concat([first, second.subarray(0, -20)]),
      '2-crc.jsonl': Buffer.concat([first, flipped]),
      '3-tail.jsonl': Buffer.concat([first, second, Buffer.from('tail')]),
      '4-good.jsonl': lines[0]!,
    });
    const records = await all(of(root), undefined, signal);
    const rejects = records.filter((record) => 'reject' in record).map(({ reject }) => reject);
    assert.deepEqual(
      rejects.map(({ code }) => code).filter((code) => code !== 'malformed-record'),
      ['truncated-record', 'corrupt-member', 'corrupt-member'],
    );
    assert.equal(words(records).at(-1), 'd0');
    for (const [i, { cursor }] of records.entries()) {
      assert.deepEqual(await all(of(root), cursor, signal), records.slice(i + 1), `after ${cursor}`);
    }
  });

  test('goes on with what was appended, and refuses a file that is another one or shorter', async () => {
    const path = join(scratch({ 'crawl.jsonl': utf8 }), 'crawl.jsonl');
    const last = (await all(of(path), undefined, signal)).at(-1)!.cursor;
    appendFileSync(path, '{"id":"new","text":"n"}\n');
    assert.deepEqual(words(await all(of(path), last, signal)), ['new']);

    for (const other of [`{"id":0}\n${mixed}`, zlib.gzipSync(utf8.subarray(0, half)), utf8.subarray(0, half)]) {
      writeFileSync(path, other);
      await assert.rejects(all(of(path), last, signal), {
        name: 'ConfigError',
        message: /crawl\.jsonl is not the file/,
      });
    }
  });

  test('says what is not there', async () => {
    const empty = scratch({ 'x.md': '' });
    await assert.rejects(all(of(join(empty, 'no.jsonl')), undefined, signal), {
      name: 'ConfigError',
      message: /no such file/,
    });
    await assert.rejects(all(of(empty), undefined, signal), { name: 'ConfigError', message: /holds no file/ });
    await assert.rejects(all(of(join(empty, '*.jsonl')), undefined, signal), { name: 'ConfigError' });
  });

  test('reads standard input, which waits, skips what a cursor has seen of it, and stops at an abort', async () => {
    assert.equal(of('-').waits, true);
    const script = `
      import { jsonl } from './stages/sources/jsonl.ts';
      const [cursor, last] = process.argv.slice(1);
      const abort = new AbortController();
      try {
        for await (const record of jsonl.create(jsonl.config.parse({ path: '-' })).read(cursor || undefined, abort.signal)) {
          console.log(JSON.stringify(record));
          if (record.document?.id === last) abort.abort();
        }
      } catch (error) {
        console.log(JSON.stringify({ name: error.name }));
      }`;
    async function run(
      input: string | Buffer,
      cursor: string,
      last: string,
      end: boolean,
    ): Promise<readonly Crawled[]> {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, cursor, last]);
      child.stdin.write(input);
      if (end) child.stdin.end();
      const out = (await child.stdout.toArray()) as Buffer[];
      await once(child, 'close');
      return Buffer.concat(out)
        .toString()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Crawled);
    }
    const three = `${lines.slice(0, 3).join('\n')}\n`;
    const [first, aborted] = await run(three, '', 'd0', false);
    assert.deepEqual(aborted, { name: 'AbortError' });
    assert.deepEqual(words(await run(three, first!.cursor, '', true)), ['d1', 'd2']);
    assert.deepEqual(
      words(
        await run(Buffer.concat([three, `${lines[3]}`].map((text) => zlib.gzipSync(text))), first!.cursor, '', true),
      ),
      ['d1', 'd2', 'd3'],
    );
    assert.deepEqual(words(await run(`${lines[5]}\n${lines[6]}`, first!.cursor, '', true)), ['d5', 'd6']);
  });
});
