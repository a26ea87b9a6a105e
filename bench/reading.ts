/** Memory of reading 10 GB of a crawl through the contract, by the gigabyte. Files are made as they are read: nothing lies on the disk. */
import { gzipSync } from 'node:zlib';
import { fileInput, type Input } from '../stages/sources/bytes/input.ts';
import { filesSource } from '../stages/sources/files/source.ts';
import { collectionFormat } from '../stages/sources/warc/collection.ts';
import { crawledPage } from '../stages/sources/warc/crawled-page.ts';
import { extractedText } from '../stages/sources/warc/extracted-text.ts';
import { documentsFile } from './documents.ts';
import { table } from './results.ts';
import { pageRecord, textRecord, textsIn } from './web-records.ts';

const GB = 1e9;
const MAX_BYTES = 8 << 20;

interface Part {
  readonly name: string;
  readonly gigabytes: number;
  readonly record: (text: string, i: number) => string;
  readonly format: ReturnType<typeof collectionFormat>;
}

const PARTS: readonly Part[] = [
  { name: 'WET', gigabytes: 8, record: textRecord, format: collectionFormat('wet', MAX_BYTES, extractedText) },
  {
    name: 'WARC, text of HTML',
    gigabytes: 2,
    record: pageRecord,
    format: collectionFormat('warc', MAX_BYTES, (record, url) =>
      crawledPage(record, url, { maxBytes: MAX_BYTES, extraction: { keep: 'main', threads: 1 } }),
    ),
  },
];

export async function readingSection(cache: string, signal: AbortSignal): Promise<readonly string[]> {
  const texts = textsIn(await documentsFile(cache, 500, 1000));
  const rows: string[][] = [];
  let total = 0;
  for (const { name, gigabytes, record, format } of PARTS) {
    const records = texts.map(record);
    const bytes = records.reduce((sum, one) => sum + Buffer.byteLength(one), 0);
    const times = Math.ceil((gigabytes * GB) / bytes);
    const input = repeated(Buffer.concat(records.map((one) => gzipSync(one))), times);
    const source = filesSource(format, { path: input.name, waits: false, list: async () => [input] });
    let documents = 0;
    let before = process.cpuUsage();
    for await (const one of source.read(undefined, signal)) {
      if (!('document' in one)) throw new Error(`${name}: a record was not read`);
      documents++;
      if (documents % Math.ceil((GB / bytes) * texts.length) !== 0) continue;
      total++;
      const { user, system } = process.cpuUsage(before);
      before = process.cpuUsage();
      const { rss, heapUsed } = process.memoryUsage();
      rows.push([`${total} GB, ${name}`, ...[rss, heapUsed].map(mb), (GB / (user + system)).toFixed(0)]);
      console.log(rows.at(-1)!.join(' | '));
    }
    if (documents !== texts.length * times) throw new Error(`${name}: ${documents} documents`);
  }
  return [
    'A process that reads 10 GB of decompressed records of 6 kB, a gzip member each, and keeps nothing: its memory and its pace at each gigabyte.',
    '',
    ...table(['read', 'RSS, MB', 'heap in use, MB', 'MB a CPU second'], rows),
  ];
}

const mb = (bytes: number) => (bytes / 1e6).toFixed(0);

/** A file that holds `block` so many times. */
function repeated(block: Buffer, times: number): Input {
  const CHUNK = 256 << 10;
  const size = block.length * times;
  return {
    ...fileInput('/', 'made', size),
    async *read(from) {
      for (let at = from; at < size; ) {
        const start = at % block.length;
        const chunk = Buffer.from(block.subarray(start, start + CHUNK));
        at += chunk.length;
        yield chunk;
      }
    },
    peek: async (from, to) => Buffer.from(block.subarray(from, to)),
  };
}
