/** One crawl of each kind there is, all with the same texts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { openSpool } from '../../stages/sources/push/spool.ts';
import type { SourceSpec } from '../../stages/sources/sources.ts';
import { site } from '../sources/pages/site.ts';
import { gz, page, record } from '../sources/warc-bytes.ts';

const CUSTOM = fileURLToPath(new URL('../../examples/custom-source/sqlite.ts', import.meta.url));
const CRAWL = 'CC-MAIN-2024-10';

type Files = Readonly<Record<string, string | Buffer>>;

const lines = (texts: readonly string[]): string => texts.map((text) => `${JSON.stringify({ text })}\n`).join('');

function parquet(texts: readonly string[]): Buffer {
  const columnData = [{ name: 'text', data: [...texts], type: 'STRING' as const }];
  return Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 50 }));
}

/** A member of gzip for each record. */
const members = (texts: readonly string[], of: (text: string) => Buffer): Buffer =>
  Buffer.concat(texts.map((text) => gz(of(text))));

const converted = (text: string): Buffer => record(text, { type: 'conversion', mime: 'text/plain' });

/** Common Crawl's layout, in two WARC files, with their list and a CDXJ. */
function mirror(halves: readonly (readonly string[])[]): Files {
  const files: Record<string, Buffer> = {};
  const hits: string[] = [];
  for (const [half, texts] of halves.entries()) {
    const filename = `crawl-data/${CRAWL}/segments/1.${half}/warc/${half}.warc.gz`;
    const parts = texts.map((text) => gz(page(text)));
    let offset = 0;
    for (const { length } of parts) {
      const hit = { url: 'https://a.example/', mime: 'text/html', status: '200', length, offset, filename };
      hits.push(`a 20240301000000 ${JSON.stringify(hit)}\n`);
      offset += length;
    }
    files[filename] = Buffer.concat(parts);
  }
  const paths = Object.keys(files).map((path) => `${path}\n`);
  files[`crawl-data/${CRAWL}/warc.paths.gz`] = zlib.gzipSync(paths.join(''));
  files[`cc-index/${CRAWL}.cdxj.gz`] = zlib.gzipSync(hits.join(''));
  return files;
}

function table(file: string, texts: readonly string[]): void {
  const database = new Sqlite(file);
  database.exec('CREATE TABLE documents (id, url, text)');
  const insert = database.prepare('INSERT INTO documents VALUES (NULL, NULL, ?)');
  database.transaction(() => {
    for (const text of texts) insert.run(text);
  })();
  database.close();
}

/** @param folder makes a fresh one */
export async function crawlsOf(
  texts: readonly string[],
  folder: () => string,
): Promise<Readonly<Record<string, SourceSpec>>> {
  const halves = [0, 1].map((half) => texts.filter((_, i) => i % 2 === half));

  function written(files: Files): string {
    const root = folder();
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), bytes);
    }
    return root;
  }

  const inTwo = (extension: string, bytesOf: (half: readonly string[]) => string | Buffer): string =>
    written(Object.fromEntries(halves.map((half, i) => [`train-0000${i}-of-00002.${extension}`, bytesOf(half)])));

  const spool = folder();
  const kept = openSpool(spool, { keepMs: 1e12, now: Date.now });
  kept.keep(lines(texts).trimEnd().split('\n'), undefined);
  kept.close();
  const database = join(folder(), 'crawl.db');
  table(database, texts);
  const crawl = written(mirror(halves));

  const server = await site();
  const paths = texts.map((_, i) => `/page/${i}`);
  for (const [i, path] of paths.entries()) server.page(path, texts[i]!);
  server.file('/crawl.jsonl', Buffer.from(lines(texts)));
  server.on('/feed', (_, response) => {
    const items = paths.map((path) => `<item><link>${path}</link></item>`).join('');
    response.writeHead(200, { 'content-type': 'application/rss+xml' }).end(`<rss><channel>${items}</channel></rss>`);
  });
  server.on('/sitemap.xml', (_, response) => {
    const urls = paths.map((path) => `<url><loc>${server.origin}${path}</loc></url>`).join('');
    response.writeHead(200).end(`<urlset>${urls}</urlset>`);
  });
  const http = { contact: 'me@example.org', allowHosts: [server.host], perSecond: 1000, burst: 1000 };

  return {
    jsonl: `jsonl:${inTwo('jsonl', lines)}`,
    'jsonl, packed': `jsonl:${inTwo('jsonl.gz', (half) => gz(Buffer.from(lines(half))))}`,
    'jsonl over http': { kind: 'jsonl', path: `${server.origin}/crawl.jsonl`, http },
    parquet: `parquet:${inTwo('parquet', parquet)}`,
    text: `text:${written(Object.fromEntries(texts.map((text, i) => [`${i % 9}/${i}.txt`, text])))}`,
    warc: `warc:${inTwo('warc.gz', (half) => members(half, (text) => page(text)))}`,
    wet: `wet:${inTwo('warc.wet.gz', (half) => members(half, converted))}`,
    'hf-dataset': `hf-dataset:${inTwo('parquet', parquet)}`,
    'common-crawl': `common-crawl:${crawl}/crawl-data/${CRAWL}/warc.paths.gz`,
    wayback: `wayback:${crawl}/cc-index/${CRAWL}.cdxj.gz`,
    'http-push': { kind: 'http-push', spool, listen: 'off' },
    feed: { kind: 'feed', url: `${server.origin}/feed`, http },
    sitemap: { kind: 'sitemap', url: `${server.origin}/sitemap.xml`, http },
    'a module of others': `${CUSTOM}:${database}`,
  };
}
