import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import zlib from 'node:zlib';
import { commonCrawl } from '../../../stages/sources/common-crawl.ts';
import { wayback } from '../../../stages/sources/wayback.ts';
import { all, sourceContract } from '../../kit/source.ts';
import { oddServer } from '../fetch/odd-server.ts';
import { said } from '../said.ts';
import { scratch } from '../scratch.ts';
import { gz, page } from '../warc-bytes.ts';
import { mirror } from './mirror.ts';

const signal = new AbortController().signal;
const files = mirror();
const folder = scratch(files);
const server = await oddServer();
for (const [path, bytes] of Object.entries(files)) server.file(`/${path}`, bytes);
const http = { contact: 'me@example.org', allowHosts: [server.host], perSecond: 1000, burst: 100 };

const of = (path: string, settings: object = {}) => commonCrawl.create(commonCrawl.config.parse({ path, ...settings }));
const local = (path: string, settings: object = {}) => of(join(folder, path), settings);
const remote = (path: string, settings: object = {}) => of(`${server.origin}/${path}`, { http, ...settings });
const read = async (source: ReturnType<typeof of>) => said(await all(source, undefined, signal));

const LIST = 'crawl-data/CC-MAIN-2024-10/warc.paths.gz';
const TABLE = 'cc-index/table/cc-main/warc/crawl=CC-MAIN-2024-10/subset=warc/part-0.parquet';
const CDXJ = 'cc-index/CC-MAIN-2024-10.cdxj.gz';
const pages = ['page 00', 'page 01', 'page 10', 'page 11', 'page 20', 'page 21'];

describe('common-crawl', () => {
  describe('a list of paths in a folder', () => sourceContract({ make: () => local(LIST) }));
  describe('a list of paths behind http', () => sourceContract({ make: () => remote(LIST) }));
  describe('an index behind http', () => sourceContract({ make: () => remote(CDXJ) }));
  describe('an index in Parquet', () => sourceContract({ make: () => local(TABLE) }));

  test('reads the files of a list, from wherever the mirror is', async () => {
    assert.deepEqual(await read(local(LIST)), pages);
    assert.deepEqual(await read(remote(LIST)), pages);
    const texts = pages.map((words) => words.replace('page', 'text'));
    assert.deepEqual(await read(remote('crawl-data/CC-MAIN-2024-10/wet.paths.gz')), texts);
    assert.deepEqual(await read(of(join(folder, LIST), { root: server.origin, http })), pages);
  });

  test('reads the records that an index points at, each by one request', async () => {
    assert.deepEqual(await read(local(TABLE)), pages);
    assert.deepEqual(await read(local(CDXJ)), pages);
    assert.deepEqual(await read(local('crawl-data/CC-MAIN-2024-10/cc-index-table.paths.gz')), pages);
    const before = server.asked.length;
    assert.deepEqual(await read(remote(CDXJ)), pages);
    const asked = server.asked.slice(before).filter(({ path }) => path.includes('/warc/'));
    assert.equal(asked.length, pages.length);
    const [first] = Object.values(files);
    assert.match(asked[1]!.headers.range ?? '', new RegExp(`^bytes=\\d+-${first!.length - 1}$`));
  });

  test('reads what is asked for', async () => {
    assert.deepEqual(await read(local(LIST, { segments: ['222'] })), ['page 20', 'page 21']);
    assert.deepEqual(await read(local(LIST, { files: '-00001' })), ['page 10', 'page 11']);
    assert.deepEqual(await read(local(CDXJ, { hosts: ['example.net'] })), ['page 01', 'page 11', 'page 21']);
    assert.deepEqual(await read(local(TABLE, { languages: ['deu'], segments: ['111.1'] })), ['page 01', 'page 11']);
    assert.deepEqual(await read(local(TABLE, { crawls: ['CC-MAIN-2024-18'] })), []);
    await assert.rejects(read(local(LIST, { crawls: ['CC-MAIN-2024-18'] })), {
      name: 'ConfigError',
      message: /none of which/,
    });
    assert.throws(() => local(LIST, { files: '(' }), { name: 'ConfigError', message: /regular expression/ });
  });

  test('tells where in a WARC file a record of an index lies', async () => {
    const source = remote(CDXJ);
    const records = await all(source, undefined, signal);
    const { file, offset, length, bytes } = await source.locate!(records[1]!.cursor, signal);
    const warc = Object.keys(files)[0]!;
    assert.equal(file, `${server.origin}/${warc}`);
    assert.deepEqual(
      zlib.gunzipSync(files[warc]!.subarray(offset, offset + length)).subarray(0, bytes.length),
      Buffer.from(bytes),
    );
  });

  test('a file that is missing, or a path that leads elsewhere, is a reject, and the rest is read', async () => {
    const [first] = Object.keys(files);
    const line = (filename: string) => `key 1 ${JSON.stringify({ url: 'u', offset: '0', length: '9', filename })}\n`;
    const lists = scratch({
      'crawl-data/x.paths': `${first}\ncrawl-data/none.warc.gz\n`,
      'crawl-data/x.warc.gz': gz(page('x')),
      'cc-index/x.cdxj': `${line('../../../etc/passwd')}${line('none.warc.gz')}key 1 {"url": 7}\nhalf a line\n`,
      [`${first}`]: files[first!]!,
    });
    assert.deepEqual(await read(of(join(lists, 'crawl-data/x.paths'))), ['page 00', 'page 01', 'reject unavailable']);
    const rejects = await all(of(join(lists, 'cc-index/x.cdxj')), undefined, signal);
    assert.deepEqual(said(rejects), [
      'reject unavailable',
      'reject unavailable',
      'reject malformed-record',
      'reject malformed-record',
    ]);
    await assert.rejects(read(of(join(lists, 'crawl-data/x.warc.gz.paths'))), { name: 'ConfigError' });
  });

  test('waits for a server that is busy, and goes on behind a record after that', async () => {
    const bytes = files[LIST]!;
    let refused = 0;
    server.on('/busy/crawl-data/x.paths.gz', (_, response) => {
      if (refused++ < 2) response.writeHead(503, { 'retry-after': '0' }).end();
      else response.end(bytes);
    });
    assert.deepEqual(
      await read(of(`${server.origin}/busy/crawl-data/x.paths.gz`, { root: server.origin, http })),
      pages,
    );
    assert.equal(refused >= 3, true);
  });
});

describe('wayback', () => {
  const warc = Buffer.concat([
    gz(page('one', { url: 'http://x.example/1' })),
    gz(page('two', { url: 'http://x.example/2' })),
  ]);
  const first = gz(page('one', { url: 'http://x.example/1' })).length;
  const long = [
    ' CDX N b a m s k r M S V g',
    `example,x)/1 20240101000000 http://x.example/1 text/html 200 SHA - - ${first} 0 a.warc.gz`,
    `example,x)/2 20240101000000 http://x.example/2 text/html 200 SHA - - - ${first} a.warc.gz`,
    `example,x)/3 20240101000000 http://x.example/3 text/html 404 SHA - - 10 ${first} a.warc.gz`,
  ];
  const short = [
    ' CDX N b a m s k r V g',
    `example,x)/2 20240101000000 http://x.example/2 text/html 200 SHA - ${first} a.warc.gz`,
  ];
  const collection = scratch({
    'a.warc.gz': warc,
    'long.cdx': long.join('\n'),
    'short.cdx.gz': zlib.gzipSync(short.join('\n')),
    'all.paths': 'a.warc.gz\n',
  });
  const make = (path: string) => wayback.create(wayback.config.parse({ path: join(collection, path) }));

  describe('a folder of CDX files', () => sourceContract({ make: () => make('.') }));

  test('reads the records that its index points at, lengths given or not, or the files of a list', async () => {
    assert.deepEqual(said(await all(make('long.cdx'), undefined, signal)), ['one', 'two']);
    assert.deepEqual(said(await all(make('short.cdx.gz'), undefined, signal)), ['two']);
    assert.deepEqual(said(await all(make('all.paths'), undefined, signal)), ['one', 'two']);
  });
});
