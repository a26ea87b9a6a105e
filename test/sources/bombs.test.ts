/** What was made to break readers is refused, and the rest of the file is read, in little memory. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import zlib from 'node:zlib';
import { sourceOf } from '../../stages/sources/sources.ts';
import { all } from '../kit/source.ts';
import { said } from './said.ts';
import { scratch } from './scratch.ts';
import { gz, http, page, record } from './warc-bytes.ts';

const signal = new AbortController().signal;

async function read(kind: string, name: string, content: Uint8Array): Promise<readonly string[]> {
  const path = join(scratch({ [name]: content }), name);
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 10);
  try {
    return said(await all(await sourceOf({ kind, path }, '/'), undefined, signal));
  } finally {
    clearInterval(watch);
    assert.ok(peak - before < 300e6, `${(peak - before) / 1e6} MB`);
  }
}

const after = gz(page('the rest'));
const html = (text: string) => gz(record(http(text)));
const bomb = async (member: Buffer) =>
  (await read('warc', 'x.warc.gz', Buffer.concat([member, after]))).map((word) => word.slice(0, 40));

describe('bombs', () => {
  test('a member that unpacks to a thousand times its bytes', async () => {
    const body = Buffer.alloc(200 << 20, 'a');
    assert.deepEqual(await bomb(gz(record(body, { type: 'resource', mime: 'text/html' }))), [
      'reject too-large',
      'the rest',
    ]);
  });

  test('a body of a page that does', async () => {
    const coded = zlib.gzipSync(Buffer.alloc(200 << 20, 'a'));
    const stored = record(http(coded, { headers: ['Content-Encoding: gzip'] }));
    assert.deepEqual(await bomb(gz(stored)), ['reject too-large', 'the rest']);
  });

  test('elements that lie 200,000 deep in each other', async () => {
    assert.deepEqual(await bomb(html(`${'<div>'.repeat(200_000)}deep`)), ['deep', 'the rest']);
  });

  test('eight million tags, brackets or entities that lead to nothing', async () => {
    const [nested] = await bomb(html('<div>'.repeat(1_600_000)));
    assert.ok(nested === 'drop empty' || nested === 'reject unparsable-html', nested);
    assert.equal((await bomb(html('<'.repeat(8_000_000)))).at(-1), 'the rest');
    assert.equal((await bomb(html('&amp;&'.repeat(1_300_000)))).at(-1), 'the rest');
  });

  test('an element of a million attributes, and one of a large picture, are read', async () => {
    const names = Array.from({ length: 1_000_000 }, (_, i) => `a${i.toString(36)}`).join(' ');
    assert.deepEqual(await bomb(html(`<p ${names}>x`)), ['x', 'the rest']);
    assert.deepEqual(await bomb(html(`<img src="data:image/png;base64,${'A'.repeat(4 << 20)}">x`)), ['x', 'the rest']);
  });

  test('a million headers, of a record and of a response', async () => {
    const headers = Array.from({ length: 1_000_000 }, (_, i) => `X-${i}: 1`).join('\r\n');
    assert.deepEqual(await bomb(gz(Buffer.from(`WARC/1.0\r\n${headers}\r\n\r\n`))), ['reject too-large', 'the rest']);
    const response = record(Buffer.from(`HTTP/1.1 200 OK\r\n${headers.slice(0, 7 << 20)}\r\n\r\nx`));
    assert.deepEqual(await bomb(gz(response)), ['reject too-large', 'the rest']);
  });

  test('a line of a gigabyte', async () => {
    const part = zlib.gzipSync(Buffer.alloc(64 << 20, 'x'));
    const parts = [...Array(16).fill(part), zlib.gzipSync('\n{"text":"the rest"}\n')];
    assert.deepEqual(await read('jsonl', 'x.jsonl.gz', Buffer.concat(parts)), ['reject too-large', 'the rest']);
  });
});
