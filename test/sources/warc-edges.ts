/** What WARC files of the web hold besides plain pages: one gzip member each, with what has to come of it. */
import zlib from 'node:zlib';
import { chunked, gz, type HttpParts, http, page, type RecordParts, record } from './warc-bytes.ts';

export interface Edge {
  readonly kind: string;
  /** As it lies in the file. */
  readonly bytes: Buffer;
  /** By record: its text, or how it begins, or why there is none; see `said`. */
  readonly outcomes: readonly (string | RegExp)[];
}

const sentence = (kind: string) => `This page is here since some have ${kind}, and its reader should not mind.`;
const html = (text: string) => `<html><head><title>t</title></head><body><p>${text}</p></body></html>`;
const withoutHead = (name: RegExp, bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace(name, ''), 'latin1');

function edge(kind: string, bytes: Buffer, ...outcomes: readonly (string | RegExp)[]): Edge {
  return { kind, bytes, outcomes };
}

/** A response whose body is stored as given. */
function served(kind: string, body: string | Uint8Array, outcome: string | RegExp, parts: HttpParts = {}): Edge {
  return edge(kind, gz(record(http(body, parts))), outcome);
}

/** A page that says its sentence, and what else the response or the record has. */
function sound(kind: string, parts: HttpParts = {}, of: RecordParts = {}): Edge {
  return edge(kind, gz(record(http(html(sentence(kind)), parts), of)), sentence(kind));
}

/** A page in another encoding, which its `mime` or its own head says, if anything does. */
function encoded(kind: string, text: string, encoding: (page: string) => Buffer, mime: string, head = ''): Edge {
  return served(kind, encoding(`${head}${html(text)}`), text, { mime });
}

/** The sentence, its body coded so that these headers undo it. */
function coded(kind: string, code: (body: Buffer) => Uint8Array, ...headers: readonly string[]): Edge {
  return served(kind, code(Buffer.from(html(sentence(kind)))), sentence(kind), { headers });
}

/** A record of another type than a response. */
function other(kind: string, block: string, type: string, mime: string, outcome: string, url?: string): Edge {
  return edge(kind, gz(record(block, { type, mime, ...(url === undefined ? {} : { url }) })), outcome);
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const FRENCH = 'Les élèves français préfèrent déjà naïvement le château fort; où êtes-vous allés à Noël, garçon?';
const SJIS = '\x8c\xe1\x94\x79\x82\xcd\x94\x4c\x82\xc5\x82\xa0\x82\xe9'; // 吾輩は猫である
const LONG = 'a page of many words '.repeat(240_000).trim();
const NOISE = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * i * 31 + i * 7) >> 3));

const cut = (kind: string, share: number) => {
  const whole = gz(page(sentence(kind).repeat(40) + Math.PI));
  return whole.subarray(0, Math.floor(whole.length * share));
};

function wrongCrc(): Buffer {
  const bytes = Buffer.from(gz(page(sentence('a wrong CRC'))));
  bytes.fill(0, bytes.length - 8, bytes.length - 4);
  return bytes;
}

const GZIP = 'Content-Encoding: gzip';
const CHUNKED = 'Transfer-Encoding: chunked';

/** In the order of their file, whose last member is cut off. */
export const edges: readonly Edge[] = [
  other('a warcinfo', 'software: by hand\r\n', 'warcinfo', 'application/warc-fields', 'drop warcinfo'),
  sound('nothing odd'),
  encoded('Latin-1 by its header', FRENCH, latin1, 'text/html; charset=ISO-8859-1'),
  served(
    'windows-1252 by its meta element alone',
    latin1(`<meta http-equiv="Content-Type" content="text/html; charset=windows-1252"><p>\x93quoted\x94 \x97 20\x80`),
    '“quoted” — 20€',
    { mime: 'text/html' },
  ),
  served('Shift_JIS by its header', latin1(`<p>${SJIS}`), '吾輩は猫である', { mime: 'text/html; charset=Shift_JIS' }),
  encoded('UTF-16 by its mark', sentence('UTF-16'), (text) => Buffer.from(`\ufeff${text}`, 'utf16le'), 'text/html'),
  encoded('a header that lies of its charset', FRENCH, latin1, 'text/html; charset=utf-8'),
  sound('a charset that nobody knows', { mime: 'text/html; charset=x-none-9' }),
  served('an empty body', '', 'drop empty'),
  edge('an empty block', gz(record('')), 'drop empty'),
  served('white space alone', '<html><body>  \n\t &nbsp; </body></html>', 'drop empty'),
  served('5 MB', html(LONG), LONG),
  edge('an address', gz(page('Said twice.', { url: 'https://a.example/dup' })), 'Said twice.'),
  edge('the same address', gz(page('Said twice.', { url: 'https://a.example/dup' })), 'Said twice.'),
  edge('the same text elsewhere', gz(page('Said twice.', { url: 'https://a.example/copy' })), 'Said twice.'),
  other('a revisit', 'HTTP/1.1 200 OK\r\n\r\n', 'revisit', 'application/http; msgtype=response', 'drop revisit'),
  coded('chunks', (body) => chunked(body, 97), CHUNKED),
  coded('gzip', gz, GZIP),
  coded('gzip in chunks', (body) => chunked(gz(body), 50), CHUNKED, GZIP),
  coded('deflate', zlib.deflateSync, 'Content-Encoding: deflate'),
  coded('chunks that were undone', (body) => body, CHUNKED),
  coded('gzip that was undone', (body) => body, GZIP),
  served('a gzip body that is cut', gz(Buffer.from(html(FRENCH.repeat(50)))).subarray(0, 140), /^Les élèves/, {
    headers: [GZIP],
  }),
  served('a PDF', '%PDF-1.4\ntrailer<<>>\n%%EOF', 'drop not-text', { mime: 'application/pdf' }),
  served('a picture', NOISE, 'drop not-text', { mime: 'image/png' }),
  served('JSON', '{"html":"<p>no</p>"}', 'drop not-text', { mime: 'application/json' }),
  served('plain text', 'a < b & c', 'a < b & c', { mime: 'text/plain; charset=utf-8' }),
  served('XHTML', `<?xml version="1.0"?>${html(sentence('XHTML'))}`, sentence('XHTML'), {
    mime: 'application/xhtml+xml',
  }),
  sound('no Content-Type', { mime: null }),
  served('noise that is called HTML', NOISE, 'reject undecodable-text'),
  served('an error', html('Not found.'), 'drop http-status', { status: 'HTTP/1.1 404 Not Found' }),
  served('a redirect', html('Moved.'), 'drop http-status', {
    status: 'HTTP/1.1 301 Moved Permanently',
    headers: ['Location: /x'],
  }),
  sound('headers that end with LF', { newline: '\n' }),
  sound('headers without a colon, and folded ones', { headers: ['no colon here', 'X-Folded: a', ' and on'] }),
  edge('no status line', gz(record(html(sentence('no head')))), 'reject malformed-record'),
  sound('everything in lower case', { status: 'http/1.0 200', mime: null, headers: ['content-type:text/html'] }),
  sound('a header in Latin-1', { headers: ['X-Author: Jos\xe9'] }),
  served(
    'scripts, styles, comments and entities',
    `<script>var a="</p><p>no";if(1<2){}</script><!-- <p>no</p> --><style>p{}</style><p>Tom &amp; Jerry &lt;3 &#x27;em`,
    "Tom & Jerry <3 'em",
  ),
  served(
    'elements 20,000 deep',
    `${'<div>'.repeat(20_000)}${sentence('depth')}${'</div>'.repeat(20_000)}`,
    sentence('depth'),
  ),
  served('NUL and control characters', '<p>before\x00\x01\x1b\ufffdafter', /^before.*after$/s),
  served(
    'half a surrogate in UTF-8',
    Buffer.concat([Buffer.from('<p>before'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('after')]),
    /^before.*after$/s,
  ),
  served('one word of 300,000 letters', `<p>${'a'.repeat(300_000)}`, 'a'.repeat(300_000)),
  served(
    'emoji, joiners and marks',
    `<p>${'👩‍👩‍👧‍👦 मनीष ﷽ e\u0301 '.repeat(60)}`,
    '👩‍👩‍👧‍👦 मनीष ﷽ e\u0301 '.repeat(60).trim(),
  ),
  other('a request', 'GET / HTTP/1.1\r\n\r\n', 'request', 'application/http; msgtype=request', 'drop request'),
  other('metadata', 'fetchTimeMs: 1\r\n', 'metadata', 'application/warc-fields', 'drop metadata'),
  other("a name server's answer", 'a.example. 300 IN A 192.0.2.1\n', 'response', 'text/dns', 'drop not-http', 'dns:a'),
  other('a resource', html(sentence('a resource')), 'resource', 'text/html', sentence('a resource')),
  other('a conversion', sentence('a conversion'), 'conversion', 'text/plain', 'drop conversion'),
  sound('an address in letters of many kinds', {}, { url: 'https://bücher.example/ä?q=ö' }),
  sound('version 1.1', {}, { version: 'WARC/1.1' }),
  edge('two records', gz(Buffer.concat([page('One of two.'), page('Two of two.')])), 'One of two.', 'Two of two.'),
  edge(
    'names in lower case',
    gz(
      latin1(
        page(sentence('lower case'))
          .toString('latin1')
          .replace(/^(WARC-Type|Content-Length):/gm, (name) => name.toLowerCase()),
      ),
    ),
    sentence('lower case'),
  ),
  edge('no length', gz(withoutHead(/^Content-Length.*\r\n/m, record('body'))), 'reject malformed-record'),
  edge('a length that is too long', gz(page('Cut.', { length: 921 })), 'reject truncated-record'),
  edge('no record at all', gz(latin1('hello, this is no record\n')), 'reject malformed-record'),
  edge('a wrong CRC', wrongCrc(), 'reject corrupt-member'),
  edge('a member that is cut off', cut('been cut', 0.5), 'reject corrupt-member'),
  sound('something cut off before them'),
  edge('an end that is cut off', cut('an end', 0.6), 'reject truncated-record'),
];
