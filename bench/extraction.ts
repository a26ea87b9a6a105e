/**
 * `node bench/extraction.ts TRUTH.jsonl POOL.jsonl CRAWL.warc.gz CRAWL.wet.gz`: how much of passages that were set into pages comes out of
 * them, and how much else does. The truth has a line a page, `{url, doc_ids}`; the pool `{id, text}` a passage.
 */
import { readFileSync } from 'node:fs';
import { sourceOf } from '../stages/sources/sources.ts';
import { wordsOf } from '../stages/text/words.ts';
import { record, table } from './results.ts';

const [truthFile, poolFile, warc, wet] = process.argv.slice(2) as [string, string, string, string];
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

/** The passages' words that follow each other in a text as they do in the passage, and the words of the text. */
async function measure(name: string, spec: object): Promise<readonly string[]> {
  let [pages, whole, all, kept, words, wanted] = [0, 0, 0, 0, 0, 0];
  const source = await sourceOf(spec as Parameters<typeof sourceOf>[0], '.');
  for await (const one of source.read(undefined, signal)) {
    if (!('document' in one)) continue;
    const of = passages.get(one.document.url ?? '');
    if (of === undefined) continue;
    pages++;
    const text = wordsOf(one.document.text).join(' ');
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
  return [name, `${pages}`, `${all}`, share(whole, all), share(kept, wanted), share(Math.max(0, words - kept), words)];
}

function pairsOf(words: readonly string[]): string[] {
  return words.slice(1).map((word, i) => `${words[i]} ${word}`);
}

const rows = [
  await measure('WARC, main text of HTML', { kind: 'warc', path: warc }),
  await measure('WARC, all text of HTML', { kind: 'warc', path: warc, keep: 'all' }),
  await measure('WET', { kind: 'wet', path: wet }),
];
const lines = [
  'Passages that were set into pages with navigation, cookie notices and teasers: how many come out whole, how many of their words do, in pairs as they follow each other, and how much of what comes out is something else: titles and by-lines as well as what stands around.',
  '',
  ...table(['read as', 'pages', 'passages', 'whole', 'words kept', 'something else'], rows),
];
console.log(lines.join('\n'));
record('Extraction', lines);
