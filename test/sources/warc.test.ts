import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import zlib from 'node:zlib';
import { WARCParser } from 'warcio';
import { warc } from '../../stages/sources/warc.ts';
import { all, sourceContract } from '../kit/source.ts';
import { growingFiles } from './growing.ts';
import { said } from './said.ts';
import { scratch } from './scratch.ts';
import { chunked, gz, http, page, record, sha1, zst } from './warc-bytes.ts';

const signal = new AbortController().signal;
const folder = scratch({});
function of(content: Uint8Array, settings: object = {}) {
  const path = join(folder, `${zlib.crc32(content)}.warc`);
  writeFileSync(path, content);
  return warc.create(warc.config.parse({ path, ...settings }));
}

async function read(...members: readonly Uint8Array[]): Promise<readonly string[]> {
  return said(await all(of(Buffer.concat(members)), undefined, signal));
}

const html = (words: string) => `<html><body><p>${words}</p></body></html>`;
const info = record('software: none\r\n', { type: 'warcinfo', mime: 'application/warc-fields' });
const pages = ['one fish', 'two fish', 'red fish', 'blue fish'].map((words, i) =>
  page(words, { url: `https://a.example/${i}`, id: `${i}` }),
);
const [one, two, red, blue] = pages as [Buffer, Buffer, Buffer, Buffer];
const cut = gz(page('x'.repeat(50) + Math.PI)).subarray(0, 120);
const damaged = Buffer.concat([
  gz(info),
  gz(one),
  cut,
  gz(Buffer.concat([two, red])),
  Buffer.from('junk'),
  gz(blue),
  cut,
]);

/** What the records have in common. */
const dictionary = Buffer.from(page('', { url: 'https://a.example/', id: '' }).toString().repeat(8));

const FAST = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } };

describe('warc', () => {
  const growing = growingFiles({
    open: (path) => warc.create(warc.config.parse({ path })),
    extension: 'warc.gz',
    file: (n) => gz(page(`fish ${n}`, { id: `g${n}` })),
    appends: true,
  });

  describe('gzip members, some damaged', () => sourceContract({ make: () => of(damaged), growing }));
  describe('zstd frames', () => sourceContract({ make: () => of(Buffer.concat([info, ...pages].map(zst))), growing }));
  for (const [how, stored] of [
    ['', dictionary],
    [', itself compressed', zst(dictionary)],
  ] as const) {
    const frames = [info, ...pages].map((bytes) => zlib.zstdCompressSync(bytes, { dictionary }));
    const head = Buffer.alloc(8);
    head.writeUInt32LE(0x184d2a5d, 0);
    head.writeUInt32LE(stored.length, 4);
    describe(`zstd frames with a dictionary${how}`, () =>
      sourceContract({ make: () => of(Buffer.concat([head, stored, ...frames])) }));
    test(`reads zstd frames with a dictionary${how}, and passes damage to one of them`, async () => {
      assert.deepEqual(await read(head, stored, ...frames), await read(info, ...pages));
      const rest = await read(head, stored, ...frames.with(2, frames[2]!.subarray(0, -5)));
      assert.deepEqual(rest.filter((word) => word.startsWith('reject')).length, 1);
      assert.equal(rest.at(-1), 'blue fish');
    });
  }
  describe('plain, with a wrong length', () =>
    sourceContract({ make: () => of(Buffer.concat([info, one, page('lost', { length: 7 }), two, red])), growing }));
  describe('one gzip member too large to be held', () => {
    const filler = record(Buffer.alloc(7 << 20, 'filler '), { type: 'request' });
    const member = gz(Buffer.concat([one, filler, filler, two, filler, page('cut').subarray(0, -9)]));
    sourceContract({ make: () => of(member), growing });
  });

  test('takes id and address as the records have them, and names what has no id by its place', async () => {
    const member = gz(Buffer.concat([one, page('nameless', { url: '<dns:x>' })]));
    const records = await all(of(member), undefined, signal);
    assert.deepEqual(
      records.map((found) => 'document' in found && [found.document.id, found.document.url]),
      [
        ['<urn:uuid:0>', 'https://a.example/0'],
        [`${zlib.crc32(member)}.warc:0:1`, 'dns:x'],
      ],
    );
  });

  test('says of a page what it says of itself, and when it was fetched', async () => {
    const url = 'https://a.example/x/y';
    const described = async (head: string, headers: readonly string[] = []) => {
      const body = http(`<html ${head}<p>text`, { headers: [...headers] });
      const dated = record(body, { url, headers: ['WARC-Date: 2024-01-31T23:59:59Z'] });
      const [found] = await all(of(dated), undefined, signal);
      assert.ok(found !== undefined && 'document' in found);
      const { title, canonicalUrl, language, extraction, fetchedAt } = found.document;
      assert.equal(fetchedAt, '2024-01-31T23:59:59.000Z');
      return [title, canonicalUrl, language, extraction];
    };
    assert.deepEqual(await described('lang=en-GB><title>A &amp; B</title><link rel=canonical href="../z#part">'), [
      'A & B',
      'https://a.example/z',
      'en',
      'html-main',
    ]);
    assert.deepEqual(await described('><link rel=canonical href=javascript:x>', ['Content-Language: fr']), [
      null,
      null,
      'fr',
      'html-main',
    ]);
    assert.deepEqual(await described('><base href=https://b.example/c/><link rel=canonical href=d>'), [
      null,
      'https://b.example/c/d',
      null,
      'html-main',
    ]);
  });

  test('finds the records that warcio finds in a sound file', async () => {
    const members = Buffer.concat([info, ...pages, record('GET / HTTP/1.1\r\n\r\n', { type: 'request' })].map(gz));
    const theirs: unknown[] = [];
    const parser = new WARCParser(Readable.from([members]));
    for await (const found of parser) {
      const { warcType, warcTargetURI } = found;
      const payload = await found.readFully(true);
      if (warcType === 'response')
        theirs.push([
          warcTargetURI,
          Buffer.from(payload ?? [])
            .toString()
            .replace(/<[^>]*>/g, ''),
        ]);
      else theirs.push(`drop ${warcType}`);
    }
    const ours = (await all(of(members), undefined, signal)).map((found) =>
      'document' in found ? [found.document.url, found.document.text] : said([found])[0],
    );
    assert.deepEqual(ours, theirs);
  });

  const utf8 = Buffer.from(html('grüße'));
  const cases: Readonly<Record<string, readonly [Uint8Array, ...string[]]>> = {
    'records that hold no page': [
      Buffer.concat(
        ['request', 'metadata', 'revisit', 'conversion', 'continuation', 'own'].map((type) => record('x', { type })),
      ),
      ...['request', 'metadata', 'revisit', 'conversion', 'continuation', 'unknown-type'].map((type) => `drop ${type}`),
    ],
    'a page in the version 1.1 with headers in lower case': [
      Buffer.from(
        page('old', { version: 'WARC/1.1' })
          .toString()
          .replace(/^W\S+:/gm, (name) => name.toLowerCase()),
      ),
      'old',
    ],
    'a resource': [record(html('file'), { type: 'resource', mime: 'text/html' }), 'file'],
    'plain text': [record(http('a < b\n', { mime: 'text/plain' })), 'a < b\n'],
    'XHTML, where scripts close themselves': [
      record(http(`<?xml version="1.0"?><html><script/><p>x</p></html>`, { mime: 'application/xhtml+xml' })),
      'x',
    ],
    'a page of no declared type': [record(http(html('guessed'), { mime: null })), 'guessed'],
    'something of no declared type': [record(http('{"a":1}', { mime: null })), 'drop not-text'],
    'a picture': [record(http('GIF89a', { mime: 'image/gif' })), 'drop not-text'],
    "a name server's answer": [record('answer', { mime: 'text/dns' }), 'drop not-http'],
    'a missing page': [record(http(html('gone'), { status: 'HTTP/1.1 404 Not Found' })), 'drop http-status'],
    'an empty record': [record(''), 'drop empty'],
    'an empty page': [record(http('')), 'drop empty'],
    'a page of white space': [record(http('<html><body> \n&nbsp;</body></html>')), 'drop empty'],
    'no HTTP at all': [record(html('bare')), 'reject malformed-record'],
    'bytes that are no text': [
      record(http(Buffer.from(Array.from({ length: 999 }, (_, i) => (i * 131) % 256)))),
      'reject undecodable-text',
    ],
    'HTTP headers that end with LF': [record(http(html('lf'), { newline: '\n' })), 'lf'],
    'HTTP headers of odd lines': [
      record(
        http(html('odd'), { status: 'http/1.0 200', headers: ['no colon', 'X: a', ' folded', 'Author: Jos\xe9'] }),
      ),
      'odd',
    ],
    'a chunked page': [record(http(chunked(utf8, 9), { headers: ['Transfer-Encoding: chunked'] })), 'grüße'],
    'a gzip page': [record(http(gz(utf8), { headers: ['Content-Encoding: gzip'] })), 'grüße'],
    'a chunked gzip page': [
      record(http(chunked(gz(utf8), 10), { headers: ['Transfer-Encoding: chunked', 'content-encoding: x-gzip'] })),
      'grüße',
    ],
    'a deflate page': [record(http(zlib.deflateSync(utf8), { headers: ['Content-Encoding: deflate'] })), 'grüße'],
    'a deflate page without its header': [
      record(http(zlib.deflateRawSync(utf8), { headers: ['Content-Encoding: deflate'] })),
      'grüße',
    ],
    'a brotli page': [record(http(zlib.brotliCompressSync(utf8), { headers: ['Content-Encoding: br'] })), 'grüße'],
    'a zstd page': [record(http(zst(utf8), { headers: ['Content-Encoding: zstd'] })), 'grüße'],
    'a page that is coded twice': [record(http(zst(gz(utf8)), { headers: ['Content-Encoding: gzip, zstd'] })), 'grüße'],
    'pages that were decoded when they were stored': [
      Buffer.concat(
        [
          'Transfer-Encoding: chunked',
          'Content-Encoding: gzip',
          'Content-Encoding: deflate',
          'Content-Encoding: br',
        ].map((header) => record(http(utf8, { headers: [header] }))),
      ),
      ...Array<string>(4).fill('grüße'),
    ],
    'a gzip page that does not say so': [record(http(gz(utf8))), 'grüße'],
    'a gzip page with a flipped bit': [
      record(
        http(
          gz(utf8).map((byte, i) => (i === 30 ? byte ^ 4 : byte)),
          { headers: ['Content-Encoding: gzip'] },
        ),
      ),
      'reject malformed-record',
    ],
    'sound digests, in base32, hex and of the body without its chunks': [
      Buffer.concat([
        record(http(utf8), { headers: [`WARC-Block-Digest: sha1:${sha1(http(utf8))}`] }),
        record(http(utf8), { headers: ['WARC-Payload-Digest: blake9:whatever'] }),
        record(http(chunked(utf8, 8), { headers: ['Transfer-Encoding: chunked'] }), {
          headers: [`WARC-Payload-Digest: sha1:${sha1(utf8)}`],
        }),
        record(http(utf8), { headers: [`WARC-Payload-Digest: sha-256:${'e3'.repeat(32)}`] }),
      ]),
      ...Array<string>(3).fill('grüße'),
      'reject digest-mismatch',
    ],
    'digests of something else': [
      Buffer.concat([
        record(http(utf8), { headers: [`WARC-Block-Digest: sha1:${sha1(utf8)}`] }),
        record(http(utf8), { headers: [`WARC-Payload-Digest: sha1:${sha1(http(utf8))}`] }),
      ]),
      'reject digest-mismatch',
      'reject digest-mismatch',
    ],
  };
  for (const [name, [bytes, ...outcomes]] of Object.entries(cases)) {
    test(`reads ${name}: ${[...new Set(outcomes)].join(', ')}`, async () => {
      assert.deepEqual(await read(gz(bytes), gz(one)), [...outcomes, 'one fish']);
      assert.deepEqual(await read(bytes, one), [...outcomes, 'one fish']);
    });
  }

  test('hands over the bytes of what it rejects', async () => {
    const bad = record(html('bare'));
    const [rejected] = await all(of(gz(bad)), undefined, signal);
    assert.ok(rejected !== undefined && 'reject' in rejected);
    assert.deepEqual(Buffer.from(rejected.bytes), bad.subarray(0, -4));
  });

  test('reads a page in any encoding, by its mark, its header, its meta element or its looks', async () => {
    const french = 'Les élèves préfèrent déjà le château à Noël, garçon; où êtes-vous allés';
    const latin = Buffer.from(html(french), 'latin1');
    const meta = Buffer.from(`<!-- <meta charset=utf-16> --><meta charset="latin1">${html(french)}`, 'latin1');
    const japanese = Buffer.from(html('\x93\xfa\x96{\x8c\xea'), 'latin1'); // Shift_JIS
    assert.deepEqual(
      await read(
        record(http(Buffer.from(`\ufeff${html(french)}`, 'utf16le'), { mime: 'text/html; charset=latin1' })),
        record(http(latin, { mime: 'text/html; charset="ISO-8859-1"' })),
        record(http(meta, { mime: 'text/html' })),
        record(http(latin, { mime: 'text/html; charset=utf-8' })),
        record(http(html(french), { mime: 'text/html; charset=x-none' })),
        record(http(japanese, { mime: 'text/html; charset=shift_jis' })),
        record(http(Buffer.from(html('\x93quoted\x94'), 'latin1'), { mime: 'text/html; charset=windows-1252' })),
      ),
      [...Array<string>(5).fill(french), '日本語', '“quoted”'],
    );
  });

  test('keeps what stands around the content only when asked', async () => {
    const bytes = record(http('<nav>Home</nav><main><p>Content.</p></main><footer>Imprint</footer>'));
    assert.deepEqual(said(await all(of(bytes, { keep: 'main' }), undefined, signal)), ['Content.']);
    assert.deepEqual(said(await all(of(bytes, { keep: 'all' }), undefined, signal)), ['Home\nContent.\nImprint']);
  });

  test('loses no sound member to a damaged one', async () => {
    assert.deepEqual(said(await all(of(damaged), undefined, signal)), [
      'drop warcinfo',
      'one fish',
      'reject corrupt-member',
      'two fish',
      'red fish',
      'reject corrupt-member',
      'blue fish',
      'reject truncated-record',
    ]);
    const badCrc = Buffer.from(gz(one));
    badCrc[badCrc.length - 5]! ^= 1;
    assert.deepEqual(await read(badCrc, gz(two)), ['reject corrupt-member', 'two fish']);
    assert.deepEqual(await read(gz(one), gz(Buffer.from('no record\n')), gz(two), Buffer.alloc(1000)), [
      'one fish',
      'reject malformed-record',
      'two fish',
    ]);
  });

  test('loses no sound record to a wrong length, a missing one, or a damaged neighbour', async () => {
    const wrong = [page('long', { length: 999 }), page('short', { length: 30 }), page('huge', { length: 1e12 })];
    const missing = Buffer.from(
      page('none')
        .toString()
        .replace(/Content-Length.*\r\n/, ''),
    );
    const version = Buffer.from(page('version').toString().replace('WARC/', 'WARK/'));
    for (const bad of [...wrong, missing, version]) {
      const expected = ['one fish', 'reject', 'two fish', 'red fish'];
      for (const members of [[one, bad, two, red], [gz(Buffer.concat([one, bad, two, red]))]]) {
        const found = (await read(...members)).map((outcome) => outcome.replace(/^reject .*/, 'reject'));
        assert.deepEqual(found, expected, bad.toString());
      }
    }
  });

  test('refuses bombs, keeps little of them, and reads on', async () => {
    const bombs: Readonly<Record<string, readonly [Buffer, string]>> = {
      'a member of 40 MB': [gz(record(Buffer.alloc(40 << 20), { length: 40 << 20 })), 'reject too-large'],
      'a record that claims little and goes on': [
        gz(record(Buffer.alloc(40 << 20), { length: 5 })),
        'reject malformed-record',
      ],
      'a page of 20 MB in gzip': [
        gz(record(http(gz(Buffer.alloc(20 << 20)), { headers: ['Content-Encoding: gzip'] }))),
        'reject too-large',
      ],
      'a page of 20 MB in brotli': [
        gz(record(http(zlib.brotliCompressSync(Buffer.alloc(20 << 20), FAST), { headers: ['Content-Encoding: br'] }))),
        'reject too-large',
      ],
      'a hundred thousand HTTP headers': [
        gz(record(http('', { headers: Array<string>(1e5).fill('a: b') }))),
        'reject too-large',
      ],
      'a hundred thousand WARC headers': [
        gz(record('', { headers: Array<string>(1e5).fill('a: b') })),
        'reject too-large',
      ],
    };
    for (const [name, [bytes, outcome]] of Object.entries(bombs)) {
      const records = await all(of(Buffer.concat([gz(one), bytes, gz(two)])), undefined, signal);
      assert.deepEqual(said(records), ['one fish', outcome, 'two fish'], name);
      const kept = records.map((found) => ('reject' in found ? found.bytes.length : 0));
      assert.ok(Math.max(...kept) <= 1 << 20, name);
    }
    const nested = record(http(`${'<div>'.repeat(2e5)}deep`));
    assert.deepEqual(await read(gz(nested), gz(two)), ['deep', 'two fish']);
  });

  test('refuses a file that has become another one', async () => {
    const path = join(folder, 'again.warc');
    const source = warc.create(warc.config.parse({ path }));
    writeFileSync(path, Buffer.concat([gz(one), gz(two)]));
    const cursor = (await all(source, undefined, signal)).at(-1)!.cursor;
    writeFileSync(path, Buffer.concat([gz(two), gz(one), gz(red)]));
    await assert.rejects(all(source, cursor, signal), { name: 'ConfigError', message: /not the file/ });
  });
});
