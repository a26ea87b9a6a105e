import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { feed, feedSource } from '../../../stages/sources/feed.ts';
import { feedEntries } from '../../../stages/sources/pages/feed-entries.ts';
import { all, sourceContract } from '../../kit/source.ts';
import { fakeClock, stillClock } from '../fetch/fake-clock.ts';
import { said } from '../said.ts';
import { follower, site } from './site.ts';

const signal = new AbortController().signal;
const web = await site();
const http = { contact: 'me@example.org', allowHosts: [web.host], perSecond: 1000 };
const of = (path: string, settings: object = {}) =>
  feedSource(feed.config.parse({ url: web.origin + path, http, ...settings }), { clock: stillClock });

const rss = (...items: string[]) =>
  `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>${items.join('')}</channel></rss>`;
const item = (path: string, more = '') => `<item><title>T ${path}</title><link>${path}</link>${more}</item>`;
const serve = (path: string, text: string, headers: Record<string, string> = {}) =>
  web.on(path, (_, response) =>
    response.writeHead(200, { 'content-type': 'application/rss+xml', ...headers }).end(text),
  );

web.page('/a', 'page a');
web.page('/b', 'page b');
web.page('/c', 'page c');
web.on('/picture', (_, response) => response.writeHead(200, { 'content-type': 'image/gif' }).end('GIF89a'));
serve(
  '/rss',
  rss(item('/a'), item('/b'), item('/missing'), item('/picture'), item('/c'), item('/a#again'), item('mailto:x')),
);

describe('feed', () => {
  describe('of pages', () => sourceContract({ make: () => of('/rss') }));
  describe('of texts', () => {
    const texts = ['one', 'two', 'three'].map((word) =>
      item(`/${word}`, `<description>&lt;p&gt;${word}</description>`),
    );
    serve('/texts', rss(...texts));
    sourceContract({ make: () => of('/texts', { content: 'feed' }) });
  });

  test('fetches the pages that it links to, once each, and says what each one is', async () => {
    const records = await all(of('/rss'), undefined, signal);
    assert.deepEqual(said(records), ['page a', 'page b', 'drop http-status', 'drop not-text', 'page c']);
    const [first] = records;
    assert.ok(first !== undefined && 'document' in first);
    const { id, url, title, fetchedAt, extraction } = first.document;
    assert.deepEqual([id, url, title, extraction], [`${web.origin}/a`, `${web.origin}/a`, 'of /a', 'html-main']);
    assert.match(fetchedAt!, /^2024-01-01T00:00:00\.000Z$/);
  });

  test('followed, fetches what is new or changed alone', async () => {
    serve('/follow', rss(item('/a', '<pubDate>Mon, 01 Jan 2024</pubDate>'), item('/b')), { etag: '"v1"' });
    const look = follower(of('/follow'));
    web.took();
    assert.deepEqual(said(await look(signal)), ['page a', 'page b']);
    assert.deepEqual(web.took(), ['/follow', '/a', '/b']);
    assert.deepEqual(said(await look(signal)), []);
    assert.deepEqual(web.took(), ['/follow']);

    serve('/follow', rss(item('/c'), item('/a', '<pubDate>Tue, 02 Jan 2024</pubDate>'), item('/b')));
    assert.deepEqual(said(await look(signal)), ['page c']);
    assert.deepEqual(web.took(), ['/follow', '/c', '/a'], 'a is asked for, and has not changed');

    web.on('/follow', (_, response) => response.writeHead(500).end());
    assert.deepEqual(said(await look(signal)), [], 'a feed that is away for a while ends nothing');
  });

  test('followed, says that it knows the feed, and takes it as it was where that has not changed', async () => {
    const text = rss(item('/a'));
    web.on('/etag', (request, response) => {
      const known = request.headers['if-none-match'] === '"v1"';
      response.writeHead(known ? 304 : 200, { etag: '"v1"' }).end(known ? undefined : text);
    });
    const source = of('/etag', { revisit: true });
    const look = follower(source);
    assert.deepEqual(said(await look(signal)), ['page a']);
    assert.deepEqual(said(await look(signal)), [], 'the page has not changed either');
    web.page('/a', 'page a, mended', '"2"');
    assert.deepEqual(said(await look(signal)), ['page a, mended']);
    web.page('/a', 'page a');
  });

  test('asks for nothing that a robots.txt keeps from it, and no more often than that says', async () => {
    const other = await site();
    other.page('/open', 'open');
    other.page('/secret/x', 'secret');
    other.page('/moved', 'moved');
    other.on('/away', (_, response) => response.writeHead(302, { location: '/secret/x' }).end());
    other.on('/robots.txt', (_, response) => response.end('User-agent: *\nDisallow: /secret\nCrawl-delay: 7\n'));
    serve('/robots', rss(...['/open', '/secret/x', '/away'].map((path) => item(other.origin + path))));
    const clock = fakeClock();
    const settings = { url: `${web.origin}/robots`, http: { ...http, allowHosts: [web.host, other.host] } };
    const source = feedSource(feed.config.parse(settings), { clock });
    const start = clock.now();
    assert.deepEqual(said(await all(source, undefined, signal)), ['open', 'drop robots', 'drop robots']);
    assert.deepEqual(other.took(), ['/open', '/away']);
    assert.ok(clock.now() - start >= 7000);
    assert.equal(other.asked.filter(({ path }) => path === '/robots.txt').length, 1);
  });

  test('leaves a host alone whose robots.txt cannot be had', async () => {
    const other = await site();
    other.page('/page', 'page');
    other.on('/robots.txt', (_, response) => response.writeHead(500).end());
    serve('/unknown', rss(item(`${other.origin}/page`)));
    const settings = { url: `${web.origin}/unknown`, http: { ...http, allowHosts: [web.host, other.host] } };
    const source = feedSource(feed.config.parse(settings), { clock: fakeClock() });
    assert.deepEqual(said(await all(source, undefined, signal)), ['drop robots']);
  });

  test('a page that cannot be had is a reject, and the rest is read', async () => {
    web.on('/round', (_, response) => response.writeHead(302, { location: '/round' }).end());
    web.on('/inside', (_, response) => response.writeHead(302, { location: 'http://localhost:1/' }).end());
    web.on('/huge', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('x'.repeat(2 << 20)));
    web.on('/slow', (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    });
    web.on('/broken', (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': 999 });
      response.write('<p>', () => response.destroy());
    });
    const paths = ['/round', '/inside', 'http://10.0.0.1/', '/huge', '/slow', '/broken', '/a'];
    serve('/bad', rss(...paths.map((path) => item(path))));
    const records = await all(of('/bad', { maxBytes: 1 << 20, maxSeconds: 0.2 }), undefined, signal);
    const unavailable = 'reject unavailable';
    assert.deepEqual(said(records), [
      unavailable,
      unavailable,
      unavailable,
      'reject too-large',
      unavailable,
      unavailable,
      'page a',
    ]);
  });

  test('that is no feed, or was made to break parsers, is a reject; one that is not there a mistake', async () => {
    const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
    for (const [text, reason] of [
      ['<html><p>a page', /no RSS, Atom or JSON feed/],
      ['{"items": 7}', /JSON without a list/],
      [
        `<!DOCTYPE rss [<!ENTITY l0 "lol">${entities}]><rss><channel><item><link>/a</link><title>&l9;</title></item></channel></rss>`,
        /declares entities/,
      ],
      [
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><title>&x;</title></channel></rss>',
        /declares entities/,
      ],
      [`<rss>${'<b>'.repeat(200_000)}`, /64 deep/],
    ] as const) {
      serve('/odd', text);
      const [record, ...more] = await all(of('/odd'), undefined, signal);
      assert.ok(record !== undefined && 'reject' in record && more.length === 0);
      assert.match(record.reject.reason, reason);
    }
    await assert.rejects(all(of('/none'), undefined, signal), { name: 'ConfigError', message: /answers 404/ });
    assert.throws(() => feed.create(feed.config.parse({ url: 'https://example.org/feed' })), /contact/);
  });

  test('may be RSS 1.0 and 2.0, Atom or JSON Feed', () => {
    const short = (text: string) =>
      feedEntries(text).map(({ id, link, title, date, content }) => [id, link, title, date, content?.text]);
    assert.deepEqual(
      short(`<rss><channel><link>https://x.example</link><item><guid isPermaLink="false">7</guid><link> https://x.example/7 </link>
        <title>A &amp; B &nbsp;c</title><pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate><description>short</description>
        <content:encoded><![CDATA[<p>the <b>whole</b> text</p>]]></content:encoded><media:title>no</media:title></item></channel></rss>`),
      [['7', 'https://x.example/7', 'A & B \u00a0c', 'Mon, 01 Jan 2024 00:00:00 GMT', '<p>the <b>whole</b> text</p>']],
    );
    assert.deepEqual(
      short(`<rdf:RDF xmlns="http://purl.org/rss/1.0/"><channel rdf:about="c"/><item rdf:about="https://x.example/r"><title>r</title>
        <dc:date>2024-01-01</dc:date></item></rdf:RDF>`),
      [['https://x.example/r', 'https://x.example/r', 'r', '2024-01-01', undefined]],
    );
    assert.deepEqual(
      short(`<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://x.example"/><entry><id>urn:1</id><title>one</title>
        <link rel="enclosure" href="/x.mp3"/><link href="/1"/><updated>2024-01-02T00:00:00Z</updated><published>2023-01-01T00:00:00Z</published>
        <author><name>who</name></author><content type="html">&lt;p&gt;text</content></entry></feed>`),
      [['urn:1', '/1', 'one', '2024-01-02T00:00:00Z', '<p>text']],
    );
    assert.deepEqual(
      short(
        JSON.stringify({
          version: 'https://jsonfeed.org/version/1.1',
          items: [{ id: 1, url: '/1', content_text: 'plain' }, null, { id: 'x' }],
        }),
      ),
      [['1', '/1', undefined, undefined, 'plain']],
    );
  });
});
