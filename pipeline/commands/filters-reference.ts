/** docs/filters.md, from the filters' own specs. */
import { filters } from '../../stages/filters/filters.ts';
import { markdownTable } from '../render/markdown.ts';
import { schemaOf, settingsIn, settingsTable } from './settings-table.ts';

export function filtersReference(): string {
  return [
    '# Filters',
    '',
    'Written by pipeline/commands/plugins-reference.ts from the filters themselves.',
    '',
    'Rules that a document has to pass before anything is computed of it, each filter in turn, in the order given:',
    '`--filters language:en,gopher-quality,gopher-repetition`, or in a YAML file `filters: [language, {name: c4, minSentences: 5}]`, where',
    'each may have settings. A filter never changes a text: a document is scored as it was crawled, or not at all.',
    '',
    'What breaks a rule is dropped with the reason `filter:rule`; `deltasift drops` counts them and shows examples. Words are what stands',
    'between white space, and in scripts without spaces what Unicode calls words; shares of words are shares of characters in words.',
    'What the rules drop of real crawls is in [results.md](results.md).',
    '',
    ...filters.flatMap(({ name, summary, config, rules }) => [
      `## ${name}`,
      '',
      `${summary[0]!.toUpperCase()}${summary.slice(1)}.`,
      '',
      ...markdownTable(
        ['rule', 'a document breaks it where'],
        Object.entries(rules).map(([rule, when]) => [`\`${name}:${rule}\``, when]),
      ),
      '',
      ...settingsTable(settingsIn(schemaOf(config))),
      '',
    ]),
    ...NEAR_DUPLICATES,
    '',
  ].join('\n');
}

/** Not a filter: it depends on the documents before. */
const NEAR_DUPLICATES: readonly string[] = [
  '## Near duplicates',
  '',
  '`--near-duplicates drop` keeps of documents that say nearly the same the first one, and drops the others as `near-duplicate`. Two documents are',
  'near duplicates from a Jaccard index of their stretches of five words on, `--near-duplicate-threshold`, by default 0.8. The index is',
  'estimated from 128 MinHash minima, found by bands of them; the standard error is at most .045, so of pairs near the threshold some',
  'fall on the other side. Precision and recall against the exact index are in [bench/RESULTS.md](../bench/RESULTS.md).',
  '',
  'What is known of earlier documents is committed with the batch: a scan that was killed goes on with it. It grows by about 1 kB a document.',
  'On a cluster documents are compared across partitions, in a leg of their own: [kafka.md](kafka.md#near-duplicates).',
];
