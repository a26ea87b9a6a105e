import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { wet } from '../../stages/sources/wet.ts';
import { all, sourceContract } from '../kit/source.ts';
import { growingFiles } from './growing.ts';
import { said } from './said.ts';
import { scratch } from './scratch.ts';
import { gz, page, record, sha1 } from './warc-bytes.ts';

const signal = new AbortController().signal;

const texts = ['naïve café', 'x '.repeat(500), '\nline\nline\n', 'last'];
const conversions = texts.map((text, i) =>
  record(text, {
    type: 'conversion',
    mime: 'text/plain',
    id: `${i}`,
    url: `https://a.example/${i}`,
    headers: [
      `WARC-Block-Digest: sha1:${sha1(Buffer.from(text))}`,
      'WARC-Date: 2024-01-31T23:59:59Z',
      'WARC-Identified-Content-Language: fra,eng',
    ],
  }),
);
const info = record('software: none\r\n', { type: 'warcinfo', mime: 'application/warc-fields' });
const long = gz(record('words and more words '.repeat(800), { type: 'conversion', mime: 'text/plain' }));
const LONG = 2048;
const folder = scratch({
  'crawl/a.warc.wet.gz': Buffer.concat([info, ...conversions].map(gz)),
  'crawl/b.wet': Buffer.concat([...conversions, page('a page')]),
  'crawl/b.warc.gz': gz(page('not of this collection')),
  'long.wet.gz': Buffer.concat(Array<Buffer>(LONG).fill(long)),
});

const of = (path: string) => wet.create(wet.config.parse({ path: join(folder, path) }));

describe('wet', () => {
  sourceContract({
    make: () => of('crawl'),
    large: { make: () => of('long.wet.gz'), bytes: LONG * 800 * 21 },
    growing: growingFiles({
      open: (path) => wet.create(wet.config.parse({ path })),
      extension: 'wet',
      file: (n) => record(`text ${n}`, { type: 'conversion', mime: 'text/plain', id: `g${n}` }),
      appends: true,
    }),
  });

  test('hands over the texts as they are, with id and address, of the WET files of a folder', async () => {
    const records = await all(of('crawl'), undefined, signal);
    assert.deepEqual(said(records), ['drop warcinfo', ...texts, ...texts, 'drop response']);
    const second = records[2];
    assert.ok(second !== undefined && 'document' in second);
    const { id, url, language, fetchedAt, extraction } = second.document;
    assert.deepEqual([id, url], ['<urn:uuid:1>', 'https://a.example/1']);
    assert.deepEqual([language, fetchedAt, extraction], ['fr', '2024-01-31T23:59:59.000Z', 'wet']);
  });
});
