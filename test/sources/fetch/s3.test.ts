import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sourceOf } from '../../../stages/sources/sources.ts';
import { all, sourceContract } from '../../kit/source.ts';
import { said } from '../said.ts';
import { gz, page } from '../warc-bytes.ts';
import { firstThen, oddServer, ranged } from './odd-server.ts';

const signal = new AbortController().signal;
const server = await oddServer();
const objects = new Map<string, Buffer>();

/** ListObjectsV2 in pages of two keys, as far as it is used. */
server.on('/crawl', list);
server.on('/crawl/', list);
function list(request: { url?: string | undefined }, response: { end(body: string): void }): void {
  const query = new URL(request.url!, server.origin).searchParams;
  const keys = [...objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '')).sort();
  const from = Number(query.get('continuation-token') ?? 0);
  const contents = keys
    .slice(from, from + 2)
    .map((key) => `<Contents><Key>${key}</Key><Size>${objects.get(key)!.length}</Size></Contents>`);
  const more = from + 2 < keys.length;
  const next = more ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : '';
  response.end(`<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`);
}

function put(key: string, bytes: Buffer): void {
  objects.set(key, bytes);
  server.file(`/crawl/${encodeURIComponent(key).replaceAll('%2F', '/')}`, bytes);
}

const s3 = { endpoint: server.origin, pathStyle: true, anonymous: true };
const of = async (kind: string, path: string) => await sourceOf({ kind, path, s3 }, '/');
const read = async (kind: string, path: string) => said(await all(await of(kind, path), undefined, signal));

for (const [key, ...words] of [
  ['2024/a.warc.gz', 'one', 'two'],
  ['2024/b c.warc.gz', 'red'],
  ['2024/notes.txt'],
  ['2025/a.warc.gz', 'blue', 'five', 'six'],
] as const) {
  put(key, Buffer.concat(words.map((text) => gz(page(text)))));
}
const all2024 = await of('warc', 's3://crawl/2024/');

describe('files in an S3 store', () => {
  describe('a folder', () => sourceContract({ make: () => all2024 }));

  test('are one object, those below a key, or those that match a glob', async () => {
    assert.deepEqual(await read('warc', 's3://crawl/2025/a.warc.gz'), ['blue', 'five', 'six']);
    assert.deepEqual(await read('warc', 's3://crawl/2024/'), ['one', 'two', 'red']);
    assert.deepEqual(await read('warc', 's3://crawl/*/a.*'), ['one', 'two', 'blue', 'five', 'six']);
    assert.deepEqual(await read('warc', 's3://crawl'), ['one', 'two', 'red', 'blue', 'five', 'six']);
  });

  test('are read on where a connection broke', async () => {
    const bytes = Buffer.from(Array.from({ length: 9000 }, (_, i) => `{"text":"line ${i}"}\n`).join(''));
    put('lines.jsonl', bytes);
    server.on(
      '/crawl/lines.jsonl',
      firstThen(
        2,
        (request, response) => {
          if (request.headers.range === 'bytes=0-0') return void ranged(bytes)(request, response);
          response.writeHead(200, { etag: '"1"', 'content-length': bytes.length });
          response.write(bytes.subarray(0, 50_000), () => response.destroy());
        },
        ranged(bytes),
      ),
    );
    assert.equal((await read('jsonl', 's3://crawl/lines.jsonl')).length, 9000);
    assert.equal(server.asked.at(-1)?.headers.range, 'bytes=50000-');
  });

  test('are asked for with a signature, where there are credentials', async () => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' });
    const source = await sourceOf({ kind: 'warc', path: 's3://crawl/2025/', s3: { ...s3, anonymous: false } }, '/');
    assert.equal((await all(source, undefined, signal)).length, 3);
    assert.match(server.asked.at(-1)?.headers.authorization ?? '', /^AWS4-HMAC-SHA256 Credential=key\//);
  });

  test('that are not there, or not allowed, are a mistake that is named', async () => {
    server.on('/crawl/closed.jsonl', (_, response) => response.writeHead(403).end());
    objects.set('closed.jsonl', Buffer.from('x'));
    await assert.rejects(read('warc', 's3://crawl/none/'), { name: 'ConfigError', message: /holds no object to read/ });
    await assert.rejects(read('warc', 's3://other/'), { name: 'ConfigError', message: /no such bucket.*404/ });
    await assert.rejects(read('jsonl', 's3://crawl/closed.jsonl'), { name: 'ConfigError', message: /denies access/ });
    await assert.rejects(of('warc', 's3://'), { name: 'ConfigError', message: /s3:\/\/bucket\/key/ });
  });
});
