import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../pipeline/error.ts';
import { collect } from '../../stages/checkpoint/bytes.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { contentRange, http } from '../../stages/checkpoint/http.ts';
import { serve } from './serve.ts';

const signal = AbortSignal.timeout(60_000);
const FILE = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) % 251);
const client = http({ backoffMs: 1 });

/** Answers a range request well, but for what `change` does to it. */
function ranged(
  request: IncomingMessage,
  response: ServerResponse,
  change: { readonly headers?: object; readonly body?: (body: Uint8Array) => Uint8Array } = {},
): void {
  const [from, last] = request.headers.range!.slice('bytes='.length).split('-').map(Number) as [number, number];
  const body = FILE.subarray(from, last + 1);
  response.writeHead(206, { 'content-range': `bytes ${from}-${last}/${FILE.length}`, ...change.headers });
  response.end(change.body === undefined ? body : change.body(body));
}

const range = { offset: 1000, bytes: 50_000 };
const read = async (url: string, total = FILE.length) =>
  await collect(client.stream(url, range, total, signal), range.bytes);
const expected = FILE.slice(1000, 51_000);

describe('a range over http', () => {
  test('is read in one request where nothing goes wrong', async () => {
    const { url, asked } = await serve(ranged);
    assert.deepEqual(await read(url), expected);
    assert.deepEqual(asked, ['bytes=1000-50999']);
  });

  test('goes on where a connection broke', async () => {
    let count = 0;
    const { url, asked } = await serve((request, response) => {
      if (count++ >= 3) return ranged(request, response);
      const [from] = request.headers.range!.slice('bytes='.length).split('-').map(Number) as [number, number];
      response.writeHead(206, {
        'content-range': `bytes ${from}-50999/${FILE.length}`,
        'content-length': 51_000 - from,
      });
      response.write(FILE.subarray(from, from + 10_000), () => setTimeout(() => response.destroy(), 20));
    });
    assert.deepEqual(await read(url), expected);
    assert.deepEqual(asked.slice(0, 4), [
      'bytes=1000-50999',
      'bytes=11000-50999',
      'bytes=21000-50999',
      'bytes=31000-50999',
    ]);
  });

  test('goes on where a server sends less than it is asked for', async () => {
    const { url } = await serve((request, response) => {
      const [from] = request.headers.range!.slice('bytes='.length).split('-').map(Number) as [number, number];
      response.writeHead(206, { 'content-range': `bytes ${from}-${from + 9999}/${FILE.length}` });
      response.end(FILE.subarray(from, from + 10_000));
    });
    assert.deepEqual(await read(url), expected);
  });

  test('is given up when a server breaks again and again', async () => {
    const { url, asked } = await serve((_, response) => response.destroy());
    await assert.rejects(
      read(url),
      (error: Error) => error.message.startsWith(url) && !(error instanceof CheckpointError),
    );
    assert.equal(asked.length, 5);
  });

  test('is waited for while a server is busy', async () => {
    let count = 0;
    const { url } = await serve((request, response) => {
      if (count++ < 3) return void response.writeHead([503, 429, 500][count - 1]!, { 'retry-after': '0' }).end('busy');
      ranged(request, response);
    });
    assert.deepEqual(await read(url), expected);
    const busy = await serve((_, response) => response.writeHead(503).end());
    await assert.rejects(read(busy.url), /503, again and again/);
    assert.equal(busy.asked.length, 5);
  });

  test('is waited for as long as the server asks, and an abort ends the wait', async () => {
    const { url } = await serve((_, response) => response.writeHead(429, { 'retry-after': '30' }).end());
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    const stream = client.stream(url, range, FILE.length, controller.signal);
    await assert.rejects(collect(stream, range.bytes), { name: 'AbortError' });
  });

  const wrong: Readonly<Record<string, readonly [RequestListener, RegExp]>> = {
    'another range': [
      (request, response) =>
        ranged(request, response, { headers: { 'content-range': `bytes 0-49999/${FILE.length}` } }),
      /asked for bytes 1000 to 50999, got "bytes 0-49999/,
    ],
    'no range': [(_, response) => response.writeHead(206).end(FILE), /got "undefined"/],
    'a range of a file of another size': [
      (request, response) => ranged(request, response, { headers: { 'content-range': 'bytes 1000-50999/99999' } }),
      /size changed from 100000 to 99999/,
    ],
    'a compressed one': [
      (request, response) => ranged(request, response, { headers: { 'content-encoding': 'gzip' } }),
      /encoding "gzip"/,
    ],
    'a whole file of another size': [
      (_, response) => response.writeHead(200, { 'content-length': 3 }).end('abc'),
      /size changed/,
    ],
    'nothing of it': [(_, response) => response.writeHead(416).end(), /416/],
    'that it is gone': [(_, response) => response.writeHead(404).end(), /404/],
  };
  for (const [what, [handle, message]] of Object.entries(wrong)) {
    test(`is refused where the server sends ${what}`, async () => {
      const { url, asked } = await serve(handle);
      await assert.rejects(read(url), (error) => error instanceof CheckpointError && message.test(error.message));
      assert.equal(asked.length, 1, 'trying again would not help');
    });
  }

  test('is cut out of a small file where the server ignores ranges, and refused out of a large one', async () => {
    const { url } = await serve((_, response) => response.writeHead(200, { 'content-length': FILE.length }).end(FILE));
    assert.deepEqual(await read(url), expected);
    await assert.rejects(read(url, 2 ** 40), /ignores range requests; download/);
  });

  test('follows redirects, but not for ever, and not out of https', async () => {
    const { url } = await serve(ranged);
    const hop = await serve((_, response) => response.writeHead(307, { location: url, 'x-said': 'first' }).end());
    assert.deepEqual(await read(hop.url), expected);
    const answer = await client.get(hop.url, range, signal);
    assert.deepEqual([answer.header('x-said'), answer.ownHeader('x-said')], ['first', undefined]);
    await answer.discard();
    const loop = await serve((_, response) => response.writeHead(302, { location: '/file' }).end());
    await assert.rejects(read(loop.url), /redirects more than 5 times/);
    const local = await serve((_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end());
    await assert.rejects(read(local.url), /redirects from http: to file:/);
  });

  test('carries the token to its own origin alone', async () => {
    const seen: (string | undefined)[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      ranged(request, response);
    });
    const own = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(302, { location: other.url }).end();
    });
    const authorized = http({ backoffMs: 1, authorization: { origin: new URL(own.url).origin, token: 't' } });
    await collect(authorized.stream(own.url, range, FILE.length, signal), range.bytes);
    assert.deepEqual(seen, ['Bearer t', undefined]);
  });

  test('is a mistake of the user where access is denied', async () => {
    for (const status of [401, 403]) {
      const { url } = await serve((_, response) =>
        response.writeHead(status, { 'x-error-message': 'ask first' }).end(),
      );
      await assert.rejects(
        read(url),
        (error) => error instanceof ConfigError && /"ask first".*HF_TOKEN/.test(error.message),
      );
    }
  });
});

describe('a whole file over http', () => {
  test('is read, or is not there', async () => {
    const { url } = await serve((_, response) => response.writeHead(200, { etag: '"e"' }).end('abc'));
    const whole = await client.whole(url, 3, signal);
    assert.equal(Buffer.from(whole!.bytes).toString(), 'abc');
    assert.equal(whole!.answer.header('etag'), '"e"');
    const nothing = await serve((_, response) => response.writeHead(404).end('no'));
    assert.equal(await client.whole(nothing.url, 3, signal), undefined);
  });

  test('is refused where it is compressed, though it was asked for as it is', async () => {
    const { url } = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'br' }).end('abc'));
    await assert.rejects(client.whole(url, 3, signal), CheckpointError);
  });

  test('is refused above the limit, whether the server says so or not', async () => {
    const said = await serve((_, response) => response.writeHead(200, { 'content-length': 4 }).end('abcd'));
    await assert.rejects(client.whole(said.url, 3, signal), /4 bytes, at most 3/);
    const unsaid = await serve((_, response) => {
      response.write('ab');
      response.end('cd');
    });
    await assert.rejects(client.whole(unsaid.url, 3, signal), /more than the 3 bytes/);
  });

  test('is asked for again where it was cut off', async () => {
    let count = 0;
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 3 });
      if (count++ < 2) response.write('a', () => response.destroy());
      else response.end('abc');
    });
    assert.equal(Buffer.from((await client.whole(url, 3, signal))!.bytes).toString(), 'abc');
  });
});

test('any content-range is understood or not, and one that is understood makes sense', () => {
  const number = fc.oneof(fc.nat(), fc.string({ maxLength: 4 }), fc.constant('99999999999999999999'));
  const header = fc.oneof(
    fc.string(),
    fc.tuple(number, number, number).map(([a, b, c]) => `bytes ${a}-${b}/${c}`),
  );
  fc.assert(
    fc.property(header, (value) => {
      const found = contentRange({ ownHeader: () => value } as never);
      if (found !== undefined) assert.ok(0 <= found.from && found.from < found.to && found.to <= found.total);
    }),
  );
});
