/** Files behind http(s), of a server that misbehaves on request. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { ConfigError } from '../../../pipeline/error.ts';
import { sourceOf } from '../../../stages/sources/sources.ts';
import { all, sourceContract } from '../../kit/source.ts';
import { follower } from '../pages/site.ts';
import { said } from '../said.ts';
import { gz, page, record } from '../warc-bytes.ts';
import { firstThen, type Handler, oddServer, ranged } from './odd-server.ts';

const signal = new AbortController().signal;
const server = await oddServer();
const http = { contact: 'me@example.org', allowHosts: [server.host], perSecond: 1000, burst: 100, timeout: 5 };

async function of(kind: string, path: string, settings: object = {}) {
  return await sourceOf({ kind, path: server.origin + path, http, ...settings }, '/');
}

async function read(kind: string, path: string, settings: object = {}): Promise<readonly string[]> {
  return said(await all(await of(kind, path, settings), undefined, signal));
}

const words = ['one fish', 'two fish', 'red fish', 'blue fish'];
const pages = words.map((text, i) => page(text, { url: `https://a.example/${i}`, id: `${i}` }));
const crawl = Buffer.concat(pages.map(gz));
const lines = Buffer.from(words.map((text, i) => `${JSON.stringify({ id: `${i}`, text })}\n`).join(''));
const columns = [{ name: 'text', type: 'STRING' as const, data: words }];
const table = Buffer.from(parquetWriteBuffer({ columnData: columns, rowGroupSize: 2 }));

server.file('/pages.warc.gz', crawl);
server.file('/lines.jsonl', lines);
server.file('/table.parquet', table);
const [warc, jsonl, parquet] = [
  await of('warc', '/pages.warc.gz'),
  await of('jsonl', '/lines.jsonl'),
  await of('parquet', '/table.parquet'),
];

describe('files behind http', () => {
  describe('warc', () => sourceContract({ make: () => warc }));
  describe('jsonl', () => sourceContract({ make: () => jsonl }));
  describe('parquet', () => sourceContract({ make: () => parquet }));

  test('are read as they would be from a folder, whatever holds them', async () => {
    server.file('/text', Buffer.from('a text'));
    server.file('/pages.wet', record('a conversion', { type: 'conversion', mime: 'text/plain' }));
    assert.deepEqual(await read('warc', '/pages.warc.gz'), words);
    assert.deepEqual(await read('jsonl', '/lines.jsonl'), words);
    assert.deepEqual(await read('parquet', '/table.parquet'), words);
    assert.deepEqual(await read('text', '/text'), ['a text']);
    assert.deepEqual(await read('wet', '/pages.wet'), ['a conversion']);
  });

  test('tell where a record lies', async () => {
    const records = await all(warc, undefined, signal);
    const { file, offset, length } = await warc.locate!(records[1]!.cursor, signal);
    assert.deepEqual(
      [file, offset, length],
      [`${server.origin}/pages.warc.gz`, gz(pages[0]!).length, gz(pages[1]!).length],
    );
  });

  /** A body that ends after some bytes, by a broken connection. */
  const cut =
    (bytes: Uint8Array, after: number): Handler =>
    (request, response) => {
      const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
      const last = bytes.length - 1;
      const status = from === 0 ? 200 : 206;
      response.writeHead(status, {
        etag: '"1"',
        'content-length': bytes.length - from,
        'content-range': `bytes ${from}-${last}/${bytes.length}`,
      });
      response.write(bytes.subarray(from, from + after), () => response.destroy());
    };

  const big = Buffer.from(Array.from({ length: 4000 }, (_, i) => `{"text":"line ${i}"}\n`).join(''));
  const expected = Array.from({ length: 4000 }, (_, i) => `line ${i}`);

  test('go on where a connection broke, and never read a byte twice', async () => {
    server.on('/cut', (request, response) => {
      const probe = request.headers.range === 'bytes=0-0';
      (probe ? ranged(big) : cut(big, 30_000))(request, response);
    });
    assert.deepEqual(await read('jsonl', '/cut'), expected);
    const ranges = server.asked.filter(({ path }) => path === '/cut').map(({ headers }) => headers.range);
    assert.deepEqual(ranges, ['bytes=0-0', undefined, 'bytes=30000-', 'bytes=60000-']);
    assert.equal(server.asked.at(-1)?.headers['if-range'], '"1"');
  });

  test('are read from a server without ranges too, from the start again where it breaks', async () => {
    const whole =
      (bytes: Buffer): Handler =>
      (_, response) =>
        response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    server.on(
      '/plain',
      firstThen(
        2,
        (request, response) => {
          if (request.headers.range === 'bytes=0-0') whole(big)(request, response);
          else {
            response.writeHead(200, { 'content-length': big.length });
            response.write(big.subarray(0, 30_000), () => response.destroy());
          }
        },
        whole(big),
      ),
    );
    assert.deepEqual(await read('jsonl', '/plain'), expected);
    server.on('/plain.warc.gz', whole(crawl));
    assert.deepEqual(await read('warc', '/plain.warc.gz'), words);
  });

  test('are refused where they change while they are read', async () => {
    for (const then of [ranged(big, { etag: '"2"' }), ranged(Buffer.concat([big, lines]))]) {
      server.on(
        '/changes',
        firstThen(
          2,
          (request, response) =>
            (request.headers.range === 'bytes=0-0' ? ranged(big) : cut(big, 30_000))(request, response),
          then,
        ),
      );
      await assert.rejects(read('jsonl', '/changes'), (error: Error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, /has changed while it was read, from \d+ bytes \("1"\) to/);
        return true;
      });
    }
  });

  test('followed, are read on where they change while they are read, and as a whole where they are made anew', async () => {
    const anew = Buffer.from(Array.from({ length: 4000 }, (_, i) => `{"text":"new ${i}"}\n`).join(''));
    const news = Array.from({ length: 4000 }, (_, i) => `new ${i}`);
    const sameLine = Buffer.concat([big.subarray(0, big.indexOf('\n') + 1), anew]);
    for (const [then, held] of [
      [Buffer.concat([big, lines]), [...expected, ...words]],
      [anew, news],
      [sameLine, ['line 0', ...news]],
    ] as const) {
      server.on('/changes', (request, response) => {
        if (request.headers.range === 'bytes=0-0') return ranged(big)(request, response);
        server.on('/changes', ranged(then, { etag: '"2"' }));
        cut(big, 30_000)(request, response);
      });
      const look = follower(await of('jsonl', '/changes'));
      const found = said(await look(signal));
      const documents = found.filter((one) => one !== 'drop changed-while-read');
      assert.equal(found.length - documents.length, 1);
      if (held[0] === expected[0] && held[1] === expected[1]) assert.deepEqual(documents, held);
      else assert.deepEqual(documents.slice(-held.length), held);
      assert.deepEqual(said(await look(signal)), [], 'nothing is new');
      server.file('/changes', Buffer.concat([then, Buffer.from('{"text":"more"}\n')]), { etag: '"3"' });
      assert.deepEqual(said(await look(signal)), ['more']);
    }
  });

  test('followed, do not end it where their server is away', async () => {
    server.file('/away', lines);
    const look = follower(await of('jsonl', '/away'));
    assert.deepEqual(said(await look(signal)), words);
    server.on('/away', (_, response) => response.writeHead(404).end());
    assert.deepEqual(said(await look(signal)), []);
    server.file('/away', Buffer.concat([lines, Buffer.from('{"text":"more"}\n')]), { etag: '"2"' });
    assert.deepEqual(said(await look(signal)), ['more']);
  });

  test('with a length that is wrong are read no further than they go, and say so', async () => {
    server.on('/long', (request, response) => {
      const from = /^bytes=(\d+)-(0?)/.exec(request.headers.range ?? 'bytes=0-')!;
      const headers = { etag: '"1"', 'content-range': `bytes ${from[1]}-${big.length + 999}/${big.length + 1000}` };
      if (Number(from[1]) >= big.length) response.writeHead(416, { 'content-range': `bytes */${big.length}` }).end();
      else if (from[2] === '0')
        response.writeHead(206, { ...headers, 'content-range': `bytes 0-0/${big.length + 1000}` }).end('x');
      else
        response
          .writeHead(200, { etag: '"1"', 'content-length': big.length + 1000 })
          .write(big, () => response.destroy());
    });
    await assert.rejects(read('jsonl', '/long'), /has changed while it was read/);
  });

  test('are waited for where the server is busy', async () => {
    server.on(
      '/busy',
      firstThen(1, (_, response) => response.writeHead(503, { 'retry-after': '0' }).end(), ranged(lines)),
    );
    assert.deepEqual(await read('jsonl', '/busy'), words);
  });

  test('that are not there, are refused, or never come to an end of redirects, are a mistake that is named', async () => {
    server.on('/round', (_, response) => response.writeHead(302, { location: '/round' }).end());
    server.on('/inside', (_, response) => response.writeHead(302, { location: 'http://localhost:1/' }).end());
    await assert.rejects(read('jsonl', '/none'), { name: 'ConfigError', message: /\/none: the server answers 404/ });
    await assert.rejects(read('jsonl', '/round'), { name: 'FetchError', message: /redirects more than 5 times/ });
    await assert.rejects(read('jsonl', '/inside'), { message: /localhost is at \S+, which is no public address/ });
    await assert.rejects(sourceOf(`warc:${server.origin}/pages.warc.gz`, '/'), {
      name: 'ConfigError',
      message: /contact/,
    });
  });

  test('can be named on the command line with their settings in braces', async () => {
    const spec = `{kind: warc, path: '${server.origin}/pages.warc.gz', http: {contact: me@example.org, allowHosts: ['${server.host}'], perSecond: 1000}}`;
    assert.deepEqual(said(await all(await sourceOf(spec, '/'), undefined, signal)), words);
    await assert.rejects(sourceOf('{kind: warc', '/'), { name: 'ConfigError', message: /YAML/ });
  });
});
