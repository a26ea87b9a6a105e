/** A crawl as Common Crawl lays it out: WARC and WET files, their lists, the Parquet index and a CDXJ. Paths, to their bytes. */
import zlib from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { gz, page, record } from '../warc-bytes.ts';

const CRAWL = 'CC-MAIN-2024-10';

interface Row {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly url: string;
  readonly mime: string;
  readonly status: number;
  readonly languages: string;
}

export function mirror(): Readonly<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  const rows: Row[] = [];
  const [warcs, wets]: [string[], string[]] = [[], []];
  for (const [segment, number] of [
    ['111.1', 0],
    ['111.1', 1],
    ['222.2', 2],
  ] as const) {
    const warc = `crawl-data/${CRAWL}/segments/${segment}/warc/CC-MAIN-0000${number}.warc.gz`;
    const wet = warc.replace('/warc/', '/wet/').replace('.warc.gz', '.warc.wet.gz');
    const sites = [`https://a${number}.example.org/`, `https://b.example.net/${number}`];
    const members = sites.map((url, i) => gz(page(`page ${number}${i}`, { url, id: `${number}${i}` })));
    const texts = sites.map((url, i) =>
      gz(record(`text ${number}${i}`, { type: 'conversion', mime: 'text/plain', url, id: `t${number}${i}` })),
    );
    let offset = 0;
    for (const [i, { length }] of members.entries()) {
      const languages = i === 0 ? 'eng' : 'deu,eng';
      rows.push({ file: warc, offset, length, url: sites[i]!, mime: 'text/html', status: 200, languages });
      offset += length;
    }
    files[warc] = Buffer.concat(members);
    files[wet] = Buffer.concat(texts);
    warcs.push(warc);
    wets.push(wet);
  }
  rows.push({ ...rows[0]!, url: 'https://a0.example.org/robots.txt', mime: 'text/plain', status: 404 });
  rows.push({ ...rows[0]!, url: 'https://a0.example.org/x.gif', mime: 'image/gif' });

  const lines = (...paths: string[]) => zlib.gzipSync(paths.map((path) => `${path}\n`).join(''));
  const table = `cc-index/table/cc-main/warc/crawl=${CRAWL}/subset=warc/part-0.parquet`;
  files[`crawl-data/${CRAWL}/warc.paths.gz`] = lines(...warcs);
  files[`crawl-data/${CRAWL}/wet.paths.gz`] = lines(...wets);
  files[`crawl-data/${CRAWL}/cc-index-table.paths.gz`] = lines(table);
  files[table] = Buffer.from(parquetWriteBuffer({ columnData: columns(rows), rowGroupSize: 3 }));
  const cdxj = rows.map(({ file, offset, length, url, mime, status, languages }) => {
    const said = {
      url,
      'mime-detected': mime,
      status: `${status}`,
      length: `${length}`,
      offset: `${offset}`,
      filename: file,
    };
    return `key 20240301000000 ${JSON.stringify({ ...said, languages })}\n`;
  });
  files[`cc-index/${CRAWL}.cdxj.gz`] = zlib.gzipSync(cdxj.join(''));
  return files;
}

function columns(rows: readonly Row[]) {
  const of = (name: string, type: 'STRING' | 'INT32', field: keyof Row) => ({
    name,
    type,
    data: rows.map((row) => row[field]),
  });
  return [
    of('url', 'STRING', 'url'),
    of('fetch_status', 'INT32', 'status'),
    of('content_mime_detected', 'STRING', 'mime'),
    of('content_languages', 'STRING', 'languages'),
    of('warc_filename', 'STRING', 'file'),
    of('warc_record_offset', 'INT32', 'offset'),
    of('warc_record_length', 'INT32', 'length'),
  ];
}
