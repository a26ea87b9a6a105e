import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import zlib from 'node:zlib';
import { sitemapEntries } from '../../../stages/sources/pages/sitemap-entries.ts';
import { sitemap, sitemapSource } from '../../../stages/sources/sitemap.ts';
import { all, sourceContract } from '../../kit/source.ts';
import { stillClock } from '../fetch/fake-clock.ts';
import { said } from '../said.ts';
import { follower, site } from './site.ts';

const signal = new AbortController().signal;
const web = await site();
const http = { contact: 'me@example.org', allowHosts: [web.host], perSecond: 1000 };
const of = (path: string, settings: object = {}) =>
  sitemapSource(sitemap.config.parse({ url: web.origin + path, http, ...settings }), { clock: stillClock });

const NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"';
const url = (path: string, changed?: string) =>
  `<url><loc>${web.origin}${path}</loc>${changed === undefined ? '' : `<lastmod>${changed}</lastmod>`}</url>`;
const urlset = (...urls: string[]) => `<?xml version="1.0"?><urlset ${NAMESPACE}>${urls.join('')}</urlset>`;
const index = (...paths: string[]) =>
  `<sitemapindex ${NAMESPACE}>${paths.map((path) => `<sitemap><loc>${web.origin}${path}</loc></sitemap>`).join('')}</sitemapindex>`;
const serve = (path: string, content: string | Uint8Array) => web.on(path, (_, response) => response.end(content));

for (const name of ['a', 'b', 'c', 'd']) web.page(`/${name}`, `page ${name}`);
serve('/index.xml', index('/1.xml', '/2.xml.gz', '/list.txt', '/none.xml', '/index.xml', '/broken.xml'));
serve('/1.xml', urlset(url('/a', '2024-01-01'), url('/b'), '<url><loc>https://elsewhere.example/</loc></url>'));
serve('/2.xml.gz', zlib.gzipSync(urlset(url('/c'), url('/c'))));
serve('/list.txt', `${web.origin}/d\r\n\r\nnot an address\n`);
serve('/broken.xml', '<html><p>Not found</html>');

describe('sitemap', () => {
  describe('an index', () => sourceContract({ make: () => of('/index.xml') }));

  test('reads the pages of all sitemaps of an index, packed ones and plain lists too, and says which cannot be read', async () => {
    const records = await all(of('/index.xml'), undefined, signal);
    assert.deepEqual(said(records), [
      'page a',
      'page b',
      'page c',
      'page d',
      'reject unavailable',
      'reject malformed-record',
    ]);
  });

  test('reads of them what is asked for', async () => {
    assert.deepEqual(said(await all(of('/1.xml', { include: '/a$' }), undefined, signal)), ['page a']);
    assert.deepEqual(said(await all(of('/1.xml', { since: '2024-02-01' }), undefined, signal)), ['page b']);
  });

  test('of a host are those that its robots.txt names, or the one that stands where they do', async () => {
    const host = await site();
    const make = () =>
      sitemapSource(sitemap.config.parse({ url: host.origin, http: { ...http, allowHosts: [host.host] } }), {
        clock: stillClock,
      });
    host.page('/x', 'page x');
    const one = `<urlset><url><loc>${host.origin}/x</loc></url></urlset>`;
    host.on('/sitemap.xml', (_, response) => response.end(one));
    assert.deepEqual(said(await all(make(), undefined, signal)), ['page x']);
    host.on('/robots.txt', (_, response) => response.end(`Sitemap: ${host.origin}/other.xml`));
    host.on('/other.xml', (_, response) => response.end(one.replace('/x', '/y')));
    host.page('/y', 'page y');
    assert.deepEqual(said(await all(make(), undefined, signal)), ['page y']);
  });

  test('followed, fetches what is new or changed alone', async () => {
    serve('/follow.xml', urlset(url('/a', '2024-01-01'), url('/b')));
    const look = follower(of('/follow.xml'));
    assert.deepEqual(said(await look(signal)), ['page a', 'page b']);
    web.took();
    serve('/follow.xml', urlset(url('/a', '2024-01-02'), url('/b'), url('/c')));
    web.page('/a', 'page a, mended', '"2"');
    assert.deepEqual(said(await look(signal)), ['page a, mended', 'page c']);
    assert.deepEqual(web.took(), ['/follow.xml', '/a', '/c']);
    web.on('/follow.xml', (_, response) => response.writeHead(503).end());
    assert.deepEqual(said(await look(signal)), []);
  });

  async function entries(text: string, piece = 7) {
    async function* chunks() {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
    }
    return await Array.fromAsync(sitemapEntries(chunks()));
  }

  test('gives the same entries however its bytes are cut', async () => {
    const text = urlset(
      '<url><loc> https://x.example/?a=1&amp;b=ü </loc><priority>1</priority></url>',
      '<url><loc>https://x.example/2</loc><lastmod>2024</lastmod></url>',
    );
    const expected = [
      { kind: 'page', address: 'https://x.example/?a=1&b=ü', changed: undefined },
      { kind: 'page', address: 'https://x.example/2', changed: '2024' },
    ];
    for (const piece of [1, 2, 3, 5, 1000]) assert.deepEqual(await entries(text, piece), expected);
    assert.equal((await entries(`\ufeff${text}`)).length, 2);
  });

  test('that is larger than the protocol allows, or made to break parsers, is given up', async () => {
    await assert.rejects(entries(urlset(...Array(50_001).fill(url('/a'))), 1 << 20), { code: 'too-large' });
    async function* bomb() {
      yield Buffer.from('<urlset>');
      for (;;) yield Buffer.alloc(1 << 20, ' ');
    }
    await assert.rejects(Array.fromAsync(sitemapEntries(bomb())), { code: 'too-large' });
    await assert.rejects(entries('<!DOCTYPE x [<!ENTITY a "b">]><urlset/>'), /declares entities/);
    await assert.rejects(entries('<urlset><url '.padEnd(1 << 20, 'x')), /buffer/);
    await assert.rejects(entries(''), /no sitemap/);
  });
});
