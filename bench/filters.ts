/**
 * `node bench/filters.ts SOURCE...`: the share of the documents of each source that each rule of each filter would drop, every filter
 * by itself with its standard settings, and how fast they judge.
 */
import { basename } from 'node:path';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import type { Document } from '../schemas/types.ts';
import { filterSpec, filters, filtersOf } from '../stages/filters/filters.ts';
import { sourceOf } from '../stages/sources/sources.ts';
import { record, table } from './results.ts';

const SPECS: readonly (string | { readonly name: string })[] = filters.map(({ name }) =>
  name === 'language' ? 'language:en' : name,
);

interface Judged {
  readonly source: string;
  readonly documents: number;
  readonly characters: number;
  /** Dropped, by filter:rule. */
  readonly dropped: ReadonlyMap<string, number>;
  /** Seconds of each filter. */
  readonly seconds: ReadonlyMap<string, number>;
}

async function judge(spec: string): Promise<Judged> {
  const made = await filtersOf(SPECS.map((one) => filterSpec.parse(one)));
  const dropped = new Map<string, number>();
  const seconds = new Map<string, number>();
  let [documents, characters] = [0, 0];
  const source = await sourceOf(spec, '.');
  for await (const one of source.read(undefined, new AbortController().signal)) {
    if (!('document' in one)) continue;
    const { id, url, text } = one.document;
    const document: Document = { key: '', id, url, text, ...NO_PROVENANCE, language: one.document.language ?? null };
    documents++;
    characters += text.length;
    for (const { name, judge: judgeOne } of made) {
      const start = performance.now();
      const found = judgeOne(document);
      seconds.set(name, (seconds.get(name) ?? 0) + (performance.now() - start) / 1000);
      if (!('broken' in found)) continue;
      const reason = `${name}:${found.broken}`;
      dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
    }
  }
  return { source: `${source.name.split(':')[0]}:${basename(source.name)}`, documents, characters, dropped, seconds };
}

const judged: Judged[] = [];
for (const spec of process.argv.slice(2)) judged.push(await judge(spec));
const reasons = filters.flatMap(({ name, rules }) => Object.keys(rules).map((rule) => `${name}:${rule}`));
const share = (n: number, of: number) => `${((100 * n) / of).toFixed(1)} %`;
const lines = [
  'Share of the documents that each rule drops, every filter by itself with its standard settings (language: en alone is kept), and the speed of each.',
  '',
  ...table(
    ['', ...judged.map(({ source }) => source)],
    [
      ['documents', ...judged.map(({ documents }) => String(documents))],
      ...reasons.map((reason) => [
        reason,
        ...judged.map(({ dropped, documents }) => share(dropped.get(reason) ?? 0, documents)),
      ]),
      ...filters.map(({ name }) => [
        `${name}, MB/s`,
        ...judged.map(({ characters, seconds }) => (characters / 1e6 / seconds.get(name)!).toFixed(1)),
      ]),
    ],
  ),
];
console.log(lines.join('\n'));
record('Filters', lines);
