/**
 * `node bench/extraction.ts TRUTH.jsonl POOL.jsonl CRAWL.warc.gz CRAWL.wet.gz [PYTHON]`: how much of passages that were set into pages
 * comes out of them, and how much else does. The truth has a line a page, `{url, doc_ids}`; the pool `{id, text}` a passage. With a
 * Python that has trafilatura and warcio, what that makes of the same pages.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sourceOf } from '../stages/sources/sources.ts';
import { wordsOf } from '../stages/text/words.ts';
import { record, table } from './results.ts';

const [truthFile, poolFile, warc, wet, python] = process.argv.slice(2) as [string, string, string, string, string?];
const { signal } = new AbortController();

function linesOf<T>(file: string): readonly T[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as T);
}

const texts = new Map(linesOf<{ id: string; text: string }>(poolFile).map(({ id, text }) => [id, text]));
const passages = new Map(
  linesOf<{ url: string; doc_ids: readonly string[] }>(truthFile).flatMap(({ url, doc_ids: ids }) => {
    const found = ids.flatMap((id) => texts.get(id) ?? []);
    return found.length > 0 && found.length === ids.length ? [[url, found] as const] : [];
  }),
);

interface Page {
  readonly url: string | null;
  readonly text: string;
}

/** The texts that a source has of its pages, and the seconds of the processor that took. */
async function pagesOf(spec: object): Promise<{ readonly pages: readonly Page[]; readonly cpu: number }> {
  const before = process.cpuUsage();
  const source = await sourceOf(spec as Parameters<typeof sourceOf>[0], '.');
  const pages: Page[] = [];
  for await (const one of source.read(undefined, signal)) if ('document' in one) pages.push(one.document);
  const { user, system } = process.cpuUsage(before);
  return { pages, cpu: (user + system) / 1e6 };
}

function pagesOfPython(python: string): { readonly pages: readonly Page[]; readonly cpu: number } {
  const script = fileURLToPath(new URL('main_text.py', import.meta.url));
  const { stdout, stderr, status } = spawnSync(python, [script, warc], { encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(stderr);
  const lines = stdout.trimEnd().split('\n');
  const { cpu } = JSON.parse(lines.pop()!) as { cpu: number };
  return { pages: lines.map((line) => JSON.parse(line) as Page), cpu };
}

/** The passages' words that follow each other in a text as they do in the passage, and the words of the text. */
function measure(name: string, read: { readonly pages: readonly Page[]; readonly cpu: number }): readonly string[] {
  let [pages, whole, all, kept, words, wanted] = [0, 0, 0, 0, 0, 0];
  for (const page of read.pages) {
    const of = passages.get(page.url ?? '');
    if (of === undefined) continue;
    pages++;
    const text = wordsOf(page.text).join(' ');
    const pairs = new Set(pairsOf(text.split(' ')));
    words += text.split(' ').length;
    for (const passage of of) {
      const own = wordsOf(passage);
      all++;
      whole += Number(text.includes(own.join(' ')));
      wanted += own.length;
      const there = pairsOf(own).filter((pair) => pairs.has(pair)).length;
      kept += own.length < 2 ? own.length : (there / (own.length - 1)) * own.length;
    }
  }
  const share = (n: number, of: number) => `${((100 * n) / of).toFixed(2)} %`;
  const found = [share(whole, all), share(kept, wanted), share(Math.max(0, words - kept), words)];
  return [name, `${pages}`, `${all}`, ...found, read.cpu.toFixed(1)];
}

function pairsOf(words: readonly string[]): string[] {
  return words.slice(1).map((word, i) => `${words[i]} ${word}`);
}

const rows = [
  measure('WARC, main text of HTML', await pagesOf({ kind: 'warc', path: warc })),
  measure('WARC, all text of HTML', await pagesOf({ kind: 'warc', path: warc, keep: 'all' })),
  measure('WET', await pagesOf({ kind: 'wet', path: wet })),
  ...(python === undefined ? [] : [measure("WARC, Python's warcio and trafilatura", pagesOfPython(python))]),
];
const lines = [
  'Passages that were set into pages with navigation, cookie notices and teasers: how many come out whole, how many of their words do, in pairs as they follow each other, and how much of what comes out is something else: titles and by-lines as well as what stands around; and the seconds of the processor that the whole file took.',
  '',
  ...table(['read as', 'pages', 'passages', 'whole', 'words kept', 'something else', 'CPU s'], rows),
];
console.log(lines.join('\n'));
record('Extraction', lines);
