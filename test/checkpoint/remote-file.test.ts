import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { collect } from '../../stages/checkpoint/bytes.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { http } from '../../stages/checkpoint/http.ts';
import { partStore } from '../../stages/checkpoint/part-store.ts';
import { openProbed, probe, type RemoteOptions, remoteFile } from '../../stages/checkpoint/remote-file.ts';
import { safetensors, scratchFolder } from './files.ts';
import { serve } from './serve.ts';

const scratch = scratchFolder('remote-file');
const signal = AbortSignal.timeout(30_000);
const client = http({ backoffMs: 1 });
const tensors = Object.fromEntries(
  Array.from({ length: 500 }, (_, i) => [`tensor.${i}.with.a.name.of.some.length`, { shape: [2], data: [i, -i] }]),
);
const FILE = Buffer.from(safetensors(tensors));
const HEADER = 8 + FILE.readUInt32LE(0);

const range = (header: string | undefined) => header!.slice('bytes='.length).split('-').map(Number) as [number, number];
const good: RequestListener = (request, response) => {
  const [from, last] = range(request.headers.range);
  const to = Math.min(last + 1, FILE.length);
  response.writeHead(206, { 'content-range': `bytes ${from}-${to - 1}/${FILE.length}`, etag: '"e"' });
  response.end(FILE.subarray(from, to));
};

let made = 0;
function options(url: string): RemoteOptions {
  const parts = partStore(join(scratch, `${made++}`), true);
  return { url, parts, keepWhole: (pieces) => parts.keep({ offset: 0, bytes: FILE.length }, pieces) };
}

describe('a remote safetensors file', () => {
  test('is opened in as many requests as its header needs, and once only', async () => {
    const { url, asked } = await serve(good);
    const remote = options(url);
    const probed = (await probe(client, url, signal))!;
    assert.equal(probed.validator, '"e"');
    const file = await openProbed(remote, client, probed, signal);
    assert.equal(file.bytes, FILE.length);
    assert.deepEqual(Buffer.from(await collect(file.read(0, HEADER, signal), HEADER)), FILE.subarray(0, HEADER));
    assert.deepEqual(asked, ['bytes=0-16383', `bytes=16384-${HEADER - 1}`]);
    const again = remoteFile(remote, undefined, (await remote.parts.beginning())!);
    assert.deepEqual(Buffer.from(await collect(again.read(8, 100, signal), 100)), FILE.subarray(8, 108));
    assert.equal(asked.length, 2);
  });

  test('gives what it fetched from this machine, also parts of it, and fetches nothing twice', async () => {
    const { url, asked } = await serve(good);
    const file = await openProbed(options(url), client, (await probe(client, url, signal))!, signal);
    const wanted = [
      { offset: HEADER + 8, bytes: 80 },
      { offset: HEADER + 800, bytes: 8 },
    ];
    const places = await file.place(wanted, signal);
    const before = asked.length;
    for (const [i, { path, offset }] of places.entries()) {
      const { offset: from, bytes } = wanted[i]!;
      assert.deepEqual(readFileSync(path).subarray(offset, offset + bytes), FILE.subarray(from, from + bytes));
    }
    const inner = await collect(file.read(HEADER + 16, 24, signal), 24);
    assert.deepEqual(Buffer.from(inner), FILE.subarray(HEADER + 16, HEADER + 40));
    assert.equal((await file.place([{ offset: HEADER + 16, bytes: 8 }], signal))[0]!.offset, 8);
    assert.equal(asked.length, before);
  });

  test('is fetched whole when all after its header is asked for', async () => {
    const { url } = await serve(good);
    const file = await openProbed(options(url), client, (await probe(client, url, signal))!, signal);
    const half = HEADER + 2000;
    const wanted = [
      { offset: HEADER, bytes: 2000 },
      { offset: half, bytes: FILE.length - half },
    ];
    const [one, other] = await file.place(wanted, signal);
    assert.equal(one!.path, other!.path);
    assert.deepEqual([one!.offset, other!.offset], [HEADER, half]);
    assert.deepEqual(readFileSync(one!.path), FILE);
  });

  test('leaves no other download running when one fails', async () => {
    let aborted = 0;
    const { url } = await serve((request, response) => {
      const [from] = range(request.headers.range);
      if (from < HEADER) return good(request, response);
      if (from === HEADER) return void response.writeHead(404).end();
      response.on('close', () => aborted++);
    });
    const file = await openProbed(options(url), client, (await probe(client, url, signal))!, signal);
    const wanted = [0, 8, 16].map((at) => ({ offset: HEADER + at, bytes: 8 }));
    await assert.rejects(file.place(wanted, signal), /404/);
    while (aborted < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test('is not there where the server says so', async () => {
    const { url } = await serve((_, response) => response.writeHead(404).end());
    assert.equal(await probe(client, url, signal), undefined);
  });

  test('is read again where its beginning was cut off', async () => {
    let count = 0;
    const { url } = await serve((request, response) => {
      if (count++ > 0) return good(request, response);
      response.writeHead(206, { 'content-range': `bytes 0-16383/${FILE.length}`, 'content-length': 16384 });
      response.write(FILE.subarray(0, 100), () => response.destroy());
    });
    const { first } = (await probe(client, url, signal))!;
    assert.deepEqual(Buffer.from(first), FILE.subarray(0, 16384));
  });

  const hostile: Readonly<Record<string, RequestListener>> = {
    'more than it is asked for': (_, response) =>
      response.writeHead(206, { 'content-range': `bytes 0-${2 ** 50}/${2 ** 51}` }).end('x'),
    'a file without ranges or a size': (_, response) => response.write('x', () => response.end()),
    'a large file without ranges': (_, response) => response.writeHead(200, { 'content-length': 2 ** 40 }).write(FILE),
    'an empty file': (_, response) => response.writeHead(416, { 'content-range': 'bytes */0' }).end(),
    'a header that is none': (_, response) =>
      response.writeHead(206, { 'content-range': 'bytes 0-99/100' }).end(Buffer.alloc(100, 255)),
  };
  for (const [what, handle] of Object.entries(hostile)) {
    test(`is refused where the server sends ${what}`, async () => {
      const { url } = await serve(handle);
      await assert.rejects(async () => {
        const probed = (await probe(client, url, signal))!;
        await openProbed(options(url), client, probed, signal);
      }, CheckpointError);
    });
  }
});
