/** What reading a crawl costs a core, through the contract, beside readers that do less. */
import { spawnSync } from 'node:child_process';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { WARCParser } from 'warcio';
import { sourceOf } from '../stages/sources/sources.ts';
import { documentsFile } from './documents.ts';
import { median } from './race.ts';
import { table } from './results.ts';
import { pageOf, pageRecord, response, textRecord, textsIn } from './web-records.ts';

const RECORDS = 500;
const WORDS = 1000;
const ROUNDS = 3;

export async function sourcesSection(cache: string, signal: AbortSignal): Promise<readonly string[]> {
  const bodies = textsIn(await documentsFile(cache, RECORDS, WORDS));
  const pages = bodies.map((text) => response(pageOf(text)));
  const files = {
    wet: join(cache, 'bench.warc.wet.gz'),
    warc: join(cache, 'bench.warc.gz'),
    parquet: join(cache, 'bench.parquet'),
  };
  writeFileSync(files.wet, Buffer.concat(bodies.map((text, i) => gzipSync(textRecord(text, i)))));
  writeFileSync(files.warc, Buffer.concat(bodies.map((text, i) => gzipSync(pageRecord(text, i)))));
  const columnData = [{ name: 'text', type: 'STRING' as const, data: [...bodies] }];
  writeFileSync(files.parquet, Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 1000 })));

  const through = async (kind: keyof typeof files) => {
    const source = await sourceOf({ kind, path: files[kind] }, '/');
    let documents = 0;
    for await (const found of source.read(undefined, signal)) if ('document' in found) documents++;
    if (documents !== RECORDS) throw new Error(`${kind}: ${documents} documents`);
  };
  const warcio = async (path: string) => {
    for await (const found of new WARCParser(createReadStream(path))) await found.readFully(true);
  };
  const bytesOf = (parts: readonly string[]) => parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
  const racers = [
    { name: 'wet, through the contract', bytes: bytesOf(bodies), atLeast: '40', run: () => through('wet') },
    { name: 'warcio.js alone, the same file', bytes: bytesOf(bodies), run: () => warcio(files.wet) },
    {
      name: 'warc with extraction, through the contract',
      bytes: bytesOf(pages),
      atLeast: '8',
      run: () => through('warc'),
    },
    { name: 'warcio.js alone, the same file, no extraction', bytes: bytesOf(pages), run: () => warcio(files.warc) },
    { name: 'parquet, through the contract', bytes: bytesOf(bodies), run: () => through('parquet') },
  ];
  const speeds = racers.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, { bytes, run }] of racers.entries()) {
      const before = process.cpuUsage();
      await run();
      const { user, system } = process.cpuUsage(before);
      speeds[i]!.push(bytes / (user + system));
    }
  }
  const rows = racers.map(({ name, atLeast = '' }, i) => [name, median(speeds[i]!).toFixed(0), atLeast]);
  const python = PYTHON.flatMap(({ name, of, code }) => {
    const { status, stdout } = spawnSync('python3', ['-c', code, files[of]], { encoding: 'utf8' });
    return status === 0 ? [[name, (bytesOf(of === 'wet' ? bodies : pages) / 1e6 / Number(stdout)).toFixed(0), '']] : [];
  });
  return [
    `${RECORDS} records of ${(bytesOf(bodies) / RECORDS / 1000).toFixed(0)} kB of text, a gzip member each; MB of content a CPU second, all threads counted; medians of ${ROUNDS} interleaved runs, of Python one. The contract includes checksums, decoding and every document's fields.`,
    '',
    ...table(['', 'MB a CPU second', 'at least'], [...rows, ...python]),
  ];
}

const timed = (imports: string, body: string) =>
  `import sys, time\n${imports}\nt = time.process_time()\n${body}\nprint(time.process_time() - t)`;

/** Where Python has them. */
const PYTHON = [
  {
    name: "Python's warcio, the wet file",
    of: 'wet',
    code: timed(
      'from warcio.archiveiterator import ArchiveIterator',
      "for r in ArchiveIterator(open(sys.argv[1], 'rb')): r.content_stream().read()",
    ),
  },
  {
    name: 'FastWARC, the wet file',
    of: 'wet',
    code: timed(
      'from fastwarc.warc import ArchiveIterator',
      "for r in ArchiveIterator(open(sys.argv[1], 'rb')): r.reader.read()",
    ),
  },
  {
    name: 'FastWARC and resiliparse, main content of the warc file',
    of: 'warc',
    code: timed(
      'from fastwarc.warc import ArchiveIterator\nfrom resiliparse.extract.html2text import extract_plain_text',
      "for r in ArchiveIterator(open(sys.argv[1], 'rb')): extract_plain_text(r.reader.read().decode(), main_content=True)",
    ),
  },
  {
    name: 'FastWARC and trafilatura, the warc file',
    of: 'warc',
    code: timed(
      'from fastwarc.warc import ArchiveIterator\nimport trafilatura',
      "for r in ArchiveIterator(open(sys.argv[1], 'rb')): trafilatura.extract(r.reader.read())",
    ),
  },
] as const;
