import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Source } from '../../../pipeline/contract.ts';
import { openSpool } from '../../../stages/sources/push/spool.ts';
import { all, sourceContract } from '../../kit/source.ts';
import { said } from '../said.ts';
import { pushed, pushSource, send, TOKEN } from './pushed.ts';

const root = mkdtempSync(join(tmpdir(), 'deltasift-push-'));
after(() => rmSync(root, { recursive: true }));
let made = 0;
const folder = (): string => join(root, String(made++));
const signal = new AbortController().signal;
const ndjson = { 'content-type': 'application/x-ndjson' };
const lines = (...texts: readonly string[]) => texts.map((one) => `${JSON.stringify({ text: one })}\n`).join('');

function kept(spool: string, records: readonly string[]): string {
  const open = openSpool(spool, { keepMs: 1e9, now: Date.now });
  open.keep(records, undefined);
  open.close();
  return spool;
}
const drained = (spool: string): Source => pushSource({ spool, listen: 'off' });

describe('http-push', () => {
  const few = kept(folder(), ['{"id":"a","text":"one"}', '{"text":"two"}', '{"text":""}', '{"id":7,"text":"four"}']);
  const long = JSON.stringify({ text: 'words and more words '.repeat(800) });

  sourceContract({
    make: () => drained(few),
    large: { bytes: 2100 * long.length, make: () => drained(kept(folder(), Array(2100).fill(long))) },
  });

  test('what is taken, one by one or many at a time, packed or not, is read in the order it came', async () => {
    const { url, records, read, close } = await pushed({ spool: folder() });
    assert.deepEqual((await send(url, { id: 'a', text: 'one' })).body, { accepted: 1, first: 1, last: 1 });
    assert.deepEqual((await send(url, lines('two', 'three'), ndjson)).body, { accepted: 2, first: 2, last: 3 });
    const array = '[{"id":12345678901234567890,"text":"four"},\n{"text":"five"}]';
    assert.equal((await send(url, gzipSync(array), { 'content-encoding': 'gzip' })).status, 202);
    const packed = zstdCompressSync(lines('six'));
    assert.equal((await send(url, packed, { ...ndjson, 'content-encoding': 'zstd' })).status, 202);
    assert.equal((await send(url, { text: '' })).status, 202);
    await read(7);
    assert.deepEqual(said(records), ['one', 'two', 'three', 'four', 'five', 'six', 'drop empty']);
    const ids = records.flatMap((record) => ('document' in record ? [record.document.id] : []));
    assert.deepEqual(ids, ['a', 'push:2', 'push:3', '12345678901234567890', 'push:5', 'push:6']);
    await close();
  });

  test('a key that comes again is answered as before, and its document read once; with another body it is refused', async () => {
    const spool = folder();
    const first = await pushed({ spool });
    const key = { 'idempotency-key': 'delivery 1' };
    const answers = await Promise.all([1, 2, 3, 4].map(() => send(first.url, { text: 'once' }, key)));
    for (const { status, body } of answers) assert.deepEqual([status, body], [202, { accepted: 1, first: 1, last: 1 }]);
    assert.equal((await send(first.url, { text: 'other' }, key)).status, 422);
    await first.close();

    const again = await pushed({ spool });
    assert.deepEqual((await send(again.url, { text: 'once' }, key)).body, { accepted: 1, first: 1, last: 1 });
    await send(again.url, { text: 'next' });
    await again.read(2);
    assert.deepEqual(said(again.records), ['once', 'next']);
    await again.close();
  });

  test('tells who sends to wait where too much waits to be read, and takes more once it is read', async () => {
    const { url, records, read, close } = await pushed({ spool: folder(), maxWaiting: 2 }, { paused: true });
    const key = { 'idempotency-key': 'k' };
    await send(url, lines('one', 'two', 'three'), ndjson); // one is held by the reader
    const refused = await send(url, { text: 'four' }, key);
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '5']);
    await read(3);
    assert.equal((await send(url, { text: 'four' }, key)).status, 202);
    await read(4);
    assert.deepEqual(said(records), ['one', 'two', 'three', 'four']);
    await close();
  });

  test('what was answered with 202 outlives kill -9, and what comes twice by its key is there once', async () => {
    const spool = folder();
    const script = fileURLToPath(new URL('taker.ts', import.meta.url));
    const child = spawn(process.execPath, [script, spool], { stdio: ['ignore', 'pipe', 'inherit'] });
    const url = await new Promise<string>((resolve) =>
      child.stdout.once('data', (chunk) => resolve(String(chunk).trim())),
    );
    const sent: string[] = [];
    for (let i = 0; i < 20; i++) {
      const { status } = await send(url, { text: `document ${i}` }, { 'idempotency-key': `k${i}` });
      assert.equal(status, 202);
      sent.push(`document ${i}`);
    }
    child.kill('SIGKILL');
    await text(child.stdout);
    const again = await pushed({ spool });
    await send(again.url, { text: 'document 19' }, { 'idempotency-key': 'k19' });
    await again.read(20);
    await again.close();
    assert.deepEqual(said(again.records), sent);
    assert.deepEqual(said(await all(drained(spool), undefined, signal)), sent);
  });

  test('a spool in the place of another one is read from its start', async () => {
    const old = await all(drained(kept(folder(), ['{"text":"a"}', '{"text":"b"}'])), undefined, signal);
    const other = drained(kept(folder(), ['{"text":"c"}']));
    assert.deepEqual(said(await all(other, old.at(-1)!.cursor, signal)), ['c']);
  });

  test('finds a document again by its cursor, until it is let go', async () => {
    const spool = folder();
    let now = 1e12;
    const open = openSpool(spool, { keepMs: 1000, now: () => now });
    const texts = Array.from({ length: 5000 }, (_, i) => `{"text":"${i}"}`);
    open.keep(texts, undefined);
    open.close();
    const source = drained(spool);
    const records = await all(source, undefined, signal);
    assert.equal((await source.locate!(records[7]!.cursor, signal)).bytes.toString(), '{"text":"7"}');
    now += 2000;
    const later = openSpool(spool, { keepMs: 1000, now: () => now });
    later.readFrom(5000);
    later.keep(['{"text":"new"}'], undefined);
    later.close();
    await assert.rejects(source.locate!(records[7]!.cursor, signal), { name: 'ConfigError', message: /any more/ });
    assert.equal((await all(source, undefined, signal)).length, 4097, 'what may not be committed yet is kept');
  });

  test('asks for a token that is secret, a port that is free, and a folder of its own', async () => {
    for (const secret of [undefined, 'short', 'with a space in it, so no header']) {
      const starting = pushed({ spool: folder() }, { tools: { secret: () => secret } });
      await assert.rejects(starting, { name: 'ConfigError', message: /DELTASIFT_PUSH_TOKEN/ });
    }
    const { url, close } = await pushed({ spool: folder() });
    const listen = url.slice('http://'.length);
    await assert.rejects(pushed({ spool: folder(), listen }), { name: 'ConfigError', message: /cannot listen/ });
    await close();
    const file = join(root, 'file');
    writeFileSync(file, 'x');
    await assert.rejects(pushed({ spool: file }), { name: 'ConfigError', message: /spool/ });
    assert.throws(() => pushSource({ spool: 'x', listen: 'here' }));
  });

  describe('whatever is sent', async () => {
    const limits = { maxDocument: 1000, maxBody: 20_000, maxDocuments: 10 };
    const open = pushed({ spool: folder(), ...limits });
    after(async () => (await open).close());
    const bomb = gzipSync(Buffer.alloc(10 << 20));

    const hostile: Readonly<
      Record<
        string,
        readonly [status: number, ...(Parameters<typeof send> extends [string, ...infer Rest] ? Rest : never)]
      >
    > = {
      'no token': [401, { text: 'x' }, { authorization: null }],
      'another token': [401, { text: 'x' }, { authorization: 'Bearer another-token-of-tests' }],
      'a token with more behind it': [401, { text: 'x' }, { authorization: `Bearer ${TOKEN} x` }],
      'a token of another scheme': [401, { text: 'x' }, { authorization: `Basic ${TOKEN}` }],
      'a token of 10,000 characters': [401, { text: 'x' }, { authorization: `Bearer ${'x'.repeat(10_000)}` }],
      'another path': [404, { text: 'x' }, {}, '/docs'],
      'a path that leads up': [404, { text: 'x' }, {}, '/documents/..%2f..%2fetc'],
      'another method': [405, { text: 'x' }, {}, '/documents', 'PUT'],
      'a question': [405, '', {}, '/documents', 'GET'],
      'a removal': [405, '', {}, '/documents', 'DELETE'],
      'a change of health': [405, '', {}, '/healthz', 'POST'],
      'an empty body': [400, ''],
      'white space': [400, ' \n '],
      'an empty array': [400, '[]'],
      'NDJSON of empty lines': [400, '\n\n\n', ndjson],
      'JSON that is cut off': [422, '{"text": "x'],
      'an array that is cut off': [400, '[{"text": "x"}'],
      'two documents without an array': [422, '{"text":"x"}{"text":"y"}'],
      'a number': [422, '7'],
      null: [422, 'null'],
      'a string': [422, '"text"'],
      'an array of numbers': [422, '[1, 2]'],
      'arrays in arrays': [400, `${'['.repeat(5000)}${']'.repeat(5000)}`],
      'objects in objects': [422, `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`],
      'a document without text': [422, { id: 'x' }],
      'text that is no string': [422, { text: { deep: true } }],
      'a key of a prototype': [422, '{"__proto__": {"text": "x"}}'],
      'bytes that are no UTF-8': [400, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
      'UTF-16': [400, Buffer.from('\ufeff{"text":"x"}', 'utf16le')],
      'NDJSON with one broken line': [422, '{"text":"x"}\n{"text":\n', ndjson],
      'a document that is too large': [422, { text: 'x'.repeat(2000) }],
      'a body that is too large': [413, 'x'.repeat(30_000)],
      'too many documents': [413, lines(...Array(11).fill('x')), ndjson],
      'a gzip bomb': [413, bomb, { 'content-encoding': 'gzip' }],
      'a zstd bomb': [413, zstdCompressSync(Buffer.alloc(10 << 20)), { 'content-encoding': 'zstd' }],
      'gzip that is none': [400, '{"text":"x"}', { 'content-encoding': 'gzip' }],
      'gzip that is cut off': [400, gzipSync('{"text":"x"}').subarray(0, 20), { 'content-encoding': 'gzip' }],
      'zstd that is none': [400, '{"text":"x"}', { 'content-encoding': 'zstd' }],
      'an encoding that is not known': [415, '{"text":"x"}', { 'content-encoding': 'br' }],
      'two encodings': [415, gzipSync('{"text":"x"}'), { 'content-encoding': 'gzip, gzip' }],
      'an encoding named after a prototype': [415, '{"text":"x"}', { 'content-encoding': 'constructor' }],
      'no type': [415, Buffer.from('{"text":"x"}'), { 'content-type': '' }],
      'a form': [415, 'text=x', { 'content-type': 'application/x-www-form-urlencoded' }],
      'plain text': [415, '{"text":"x"}', { 'content-type': 'text/plain' }],
      'an empty key': [400, { text: 'x' }, { 'idempotency-key': '' }],
      'a key of 300 characters': [400, { text: 'x' }, { 'idempotency-key': 'k'.repeat(300) }],
    };
    for (const [name, [status, what, ...rest]] of Object.entries(hostile)) {
      test(`${name}: ${status}, told as a problem, and nothing is taken`, async () => {
        const { url, records } = await open;
        const before = records.length;
        const sent = await send(url, what, ...rest);
        assert.equal(sent.status, status, JSON.stringify(sent.body));
        assert.match(sent.headers.get('content-type') ?? '', /^application\/problem\+json/);
        assert.equal(sent.body['status'], status);
        assert.ok(String(sent.body['detail']).length > 10 && JSON.stringify(sent.body).length < 5000);
        assert.equal((await send(url, '', { authorization: null }, '/healthz', 'GET')).status, 200);
        assert.equal(records.length, before);
      });
    }

    const raw: Readonly<Record<string, readonly [sent: string, answer: RegExp]>> = {
      'no HTTP at all': ['\x16\x03\x01\x02\x00\x01\x00', /^HTTP\/1\.1 400 /],
      'a header without an end': [`GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}`, /^HTTP\/1\.1 431 /],
      'two lengths': [
        'POST /documents HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
        /^HTTP\/1\.1 400 /,
      ],
      'a length and chunks': [
        'POST /documents HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        /^HTTP\/1\.1 400 /,
      ],
      'a negative length': ['POST /documents HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n', /^HTTP\/1\.1 400 /],
      'a new line in a header': ['GET /healthz HTTP/1.1\r\nHost: x\r\nA\0: b\r\n\r\n', /^HTTP\/1\.1 400 /],
    };
    for (const [name, [sent, answer]] of Object.entries(raw)) {
      test(`${name}: refused, and the next one is answered`, async () => {
        const { url } = await open;
        const socket = connect(Number(new URL(url).port), '127.0.0.1');
        socket.write(sent);
        assert.match(await text(socket), answer);
        assert.equal((await send(url, '', {}, '/healthz', 'GET')).status, 200);
      });
    }

    test('a body whose sender leaves in its middle is not taken', async () => {
      const { url, records } = await open;
      const before = records.length;
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      const head = `POST /documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n`;
      socket.write(`${head}Content-Type: application/x-ndjson\r\nContent-Length: 100\r\n\r\n{"text":"x"}\n`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.destroy();
      assert.equal((await send(url, { text: 'after' })).status, 202);
      const { read } = await open;
      await read(before + 1);
      assert.deepEqual(said(records.slice(before)), ['after']);
    });

    test('every fault of a body is told with its line', async () => {
      const { url } = await open;
      const { body } = await send(url, '{"text":"x"}\n\n{"id":1}\nnope\n', ndjson);
      const errors = body['errors'] as readonly { readonly at: number; readonly code: string }[];
      assert.deepEqual(
        errors.map(({ at, code }) => [at, code]),
        [
          [3, 'malformed-record'],
          [4, 'malformed-record'],
        ],
      );
    });
  });
});
