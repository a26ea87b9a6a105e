/** docs/filters.md, from the filters' own specs. */
import { filters } from '../../stages/filters/filters.ts';
import { markdownTable } from './markdown.ts';
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
  ].join('\n');
}
