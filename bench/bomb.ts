/** `node bench/bomb.ts FOLDER NAME`: reads one file that was made to break readers, and says what came of it, how fast, in what memory. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import zlib from 'node:zlib';
import type { Source } from '../pipeline/contract.ts';
import { sourceOf } from '../stages/sources/sources.ts';
import type { BOMBS } from './bombs.ts';
import { record, response } from './web-records.ts';

const [folder, name] = process.argv.slice(2) as [string, string];
const { signal } = new AbortController();
const REST = 'the rest';

const member = (bytes: string | Buffer) => zlib.gzipSync(bytes);
const warc = (html: string) => member(record('response', 'application/http', response(html), 0));
const rest = warc(`<p>${REST}`);

/** Chunks, so that no more than one of them is held while the file is made. */
function file(kind: string, suffix: string, ...parts: readonly (string | Buffer)[]): () => Promise<Source> {
  const path = join(folder, `${name}.${suffix}`);
  writeFileSync(path, Buffer.concat(parts.map((part) => Buffer.from(part))));
  return () => sourceOf({ kind, path }, '/');
}

const attributes = () => Array.from({ length: 1_000_000 }, (_, i) => `a${i.toString(36)}`).join(' ');
const headers = () => Array.from({ length: 1_000_000 }, (_, i) => `X-${i}: 1`).join('\r\n');

/** A feed of one page that misbehaves, and one that does not. */
async function feed(handle: (path: string, response: ServerResponse) => void, entries = ['/bomb', '/rest'], dtd = '') {
  const items = entries.map((path) => `<item><link>${path}</link><title>&l9;</title></item>`).join('');
  const server = createServer(({ url = '' }, answer) => {
    if (url === '/feed')
      answer.end(`${dtd}<rss><channel>${dtd === '' ? items.replaceAll('&l9;', 't') : items}</channel></rss>`);
    else if (url === '/rest') answer.writeHead(200, { 'content-type': 'text/html' }).end(`<p>${REST}`);
    else if (url === '/robots.txt') answer.writeHead(404).end();
    else handle(url, answer);
  });
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = { contact: 'https://example.org', perSecond: 1000, burst: 100, allowHosts: [host] };
  return () => sourceOf({ kind: 'feed', url: `http://${host}/feed`, maxSeconds: 1, http }, '/');
}

const make: Readonly<Record<keyof typeof BOMBS, () => (() => Promise<Source>) | Promise<() => Promise<Source>>>> = {
  member: () => file('warc', 'warc.gz', member(record('resource', 'text/html', 'a'.repeat(200 << 20), 0)), rest),
  body: () => {
    const coded = zlib.gzipSync(Buffer.alloc(200 << 20, 'a'));
    const head = Buffer.from(response('', 'Content-Encoding: gzip'));
    const block = Buffer.concat([head, coded]);
    const [before] = record('response', 'application/http', 'x'.repeat(block.length), 0).split(
      'x'.repeat(block.length),
    ) as [string];
    return file('warc', 'warc.gz', member(Buffer.concat([Buffer.from(before), block, Buffer.from('\r\n\r\n')])), rest);
  },
  nesting: () => file('warc', 'warc.gz', warc(`${'<div>'.repeat(200_000)}deep`), rest),
  deepest: () => file('warc', 'warc.gz', warc('<div>'.repeat(1_600_000)), rest),
  attributes: () => file('warc', 'warc.gz', warc(`<div ${attributes()}>x`), rest),
  entities: () => file('warc', 'warc.gz', warc(`<p>${'&amp;&'.repeat(1_300_000)}`), rest),
  brackets: () => file('warc', 'warc.gz', warc('<'.repeat(8_000_000)), rest),
  line: () => {
    const part = zlib.gzipSync(Buffer.alloc(64 << 20, 'x'));
    return file('jsonl', 'jsonl.gz', ...Array(16).fill(part), zlib.gzipSync(`\n{"text":"${REST}"}\n`));
  },
  headers: () => file('warc', 'warc.gz', member(`WARC/1.0\r\n${headers()}\r\n\r\n`), rest),
  responseHeaders: () =>
    file(
      'warc',
      'warc.gz',
      member(record('response', 'application/http', `HTTP/1.1 200 OK\r\n${headers().slice(0, 7 << 20)}\r\n\r\nx`, 0)),
      rest,
    ),
  laughs: () => {
    const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
    return feed((_, answer) => answer.end(), ['/rest'], `<!DOCTYPE rss [<!ENTITY l0 "lol">${laughs}]>`);
  },
  redirect: () => feed((path, answer) => void answer.writeHead(302, { location: `${path}x` }).end()),
  slow: () =>
    feed((_, answer) => {
      answer.writeHead(200, { 'content-type': 'text/html' });
      const timer = setInterval(() => answer.write('.'), 20);
      answer.on('close', () => clearInterval(timer));
    }),
};

const source = await (await make[name as keyof typeof BOMBS]())();
globalThis.gc?.();
const idle = process.memoryUsage().rss;
let peak = idle;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 5);
const before = process.cpuUsage();
const start = performance.now();
let refused: { readonly after: number; readonly cpu: number; readonly outcome: string } | undefined;
let isRestRead = false;
for await (const found of source.read(undefined, signal)) {
  const { user, system } = process.cpuUsage(before);
  const outcome = 'reject' in found ? found.reject.code : 'drop' in found ? found.drop.reason : 'read';
  refused ??= { after: (performance.now() - start) / 1000, cpu: (user + system) / 1e6, outcome };
  isRestRead ||= 'document' in found && found.document.text === REST;
}
clearInterval(watch);
peak = Math.max(peak, process.memoryUsage().rss);
console.log(JSON.stringify({ ...refused, isRestRead, above: (peak - idle) / 1e6 }));
process.exit();
