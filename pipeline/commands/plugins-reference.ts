/** Writes docs/plugins.md from the plug-ins and their configs: `node pipeline/commands/plugins-reference.ts`. */
import { writeFileSync } from 'node:fs';
import { type ZodType, z } from 'zod';
import { type SourcePlugin, sources } from '../../stages/sources/sources.ts';
import { markdownTable } from './markdown.ts';

export function pluginsReference(): string {
  return [
    '# Sources',
    '',
    'Written by pipeline/commands/plugins-reference.ts from the plug-ins themselves.',
    '',
    'A source is named on the command line as `kind:rest`; in a YAML file it may be an object, which can hold every setting.',
    '`deltasift sources check kind:rest` shows what one yields before it is scanned.',
    '',
    ...sources.flatMap(section),
    '## A source of your own',
    '',
    'The kind may also be the path of a module, from the working directory, whose default export is a plug-in:',
    '`./crawl.ts:rest`, or `{kind: ./crawl.ts, ...}`. [examples/custom-source](../examples/custom-source) is one that works.',
    '',
    ...markdownTable(
      ['field', 'what it is'],
      [
        ['`name`', 'lower-case letters'],
        ['`summary`', 'what it reads, in a few words'],
        ['`config`', 'a schema of its settings: anything with the `safeParse` of zod, whatever copy of zod made it'],
        ['`short`', 'the settings that the rest of `kind:rest` stands for'],
        ['`create`', 'the source, from checked settings'],
      ],
    ),
    '',
    'A source has a `name`, the same for the same crawl, and `read(cursor, signal)`, which yields what follows the cursor, always',
    'in the same order. Each record carries the `cursor` that resumes after it, any text of your choice, and one of',
    '',
    '- `document`: `{id, url, text}`; the id is the name by which the crawl knows it, the url may be null, the text may not be empty;',
    '  and what else the crawl says of it, each null or left out where it does not: `canonicalUrl`, `title`, `fetchedAt` (ISO 8601, UTC,',
    '  to the millisecond), `language` (ISO 639: `de`), `extraction` (`html-main`, `html-all`, `plain`, `wet` or `field`);',
    '- `reject` with `bytes`: a record that is broken, by one of the codes of [rejects.md](rejects.md), as it came;',
    '- `drop`: a record that is no document, with the reason under which it is counted.',
    '',
    'A source that has `locate(cursor, signal)` as well finds a record again, for `show --origin`: `{file, offset, length, within, bytes}`.',
    '',
    'A record that is at fault is yielded; what is wrong with the machine is thrown. `test/kit/source.ts` holds a source to all this.',
    '',
  ].join('\n');
}

function section({ name, summary, config, short }: SourcePlugin): readonly string[] {
  const settings = settingsIn(z.toJSONSchema(config as ZodType, { io: 'input' }) as Schema, '');
  const [given] = Object.entries(short('PATH') as object).find(([, value]) => value === 'PATH') ?? [];
  const rest = (given ?? 'rest').toUpperCase();
  return [
    `## ${name}`,
    '',
    `Reads ${summary}. \`${name}:${rest}\` is short for \`{kind: ${name}, ${given}: ${rest}}\`.`,
    '',
    ...markdownTable(['setting', 'type', 'default', 'what it is'], settings),
    '',
  ];
}

/** What JSON Schema says of a setting. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

/** A row a setting; those within another follow it, their names joined by dots. */
function settingsIn({ properties = {}, required = [] }: Schema, outer: string): readonly (readonly string[])[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const name = outer + key;
    const inner = settingsIn(schema, `${name}.`);
    const standard = required.includes(key) ? 'required' : inner.length > 0 ? '' : standardOf(schema);
    return [[`\`${name}\``, typeOf(schema), standard, schema.description ?? ''], ...inner];
  });
}

function typeOf({ type, enum: choices, anyOf }: Schema): string {
  return choices?.map((choice) => `\`${choice}\``).join(', ') ?? type ?? anyOf?.map(typeOf).join(' or ') ?? '';
}

function standardOf({ default: standard }: Schema): string {
  return standard === undefined ? '' : `\`${standard}\``;
}

if (import.meta.main) writeFileSync(new URL('../../docs/plugins.md', import.meta.url), pluginsReference());
