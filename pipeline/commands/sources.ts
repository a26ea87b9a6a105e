/** `deltasift sources`: the kinds of crawl there are, and what one would yield. */
import { withoutNearDuplicates } from '../../stages/math/near-duplicates.ts';
import { wordHashes } from '../../stages/near-duplicates.ts';
import { checkSourceConfig, listSourcesConfig } from '../config/config.ts';
import type { CrawledDocument } from '../contract.ts';
import { type Preview, preview } from '../crawl/preview.ts';
import { sourceTools } from '../crawl/source-tools.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import { command, noteTo, type Output } from './command.ts';

export const listSources = command({
  name: 'sources list',
  summary: 'Lists the kinds of source; docs/plugins.md has their settings.',
  config: listSourcesConfig,

  async run(_, { out, json }) {
    const { sources } = await import('../../stages/sources/sources.ts'); // loaded when asked for: other commands start sooner
    const kinds = sources.map(({ name, summary }) => ({ name, summary }));
    out.write(json ? `${JSON.stringify(kinds)}\n` : table(COLUMNS, kinds, width(out)));
  },
});

/** Records that are read in search of documents: a source with none may be long. */
const RECORDS = 10_000;
const DOCUMENTS = 5;
/** Characters of a document's text that are shown. */
const START = 200;

export const checkSource = command({
  name: 'sources check',
  summary: `Reads a source from its start up to ${DOCUMENTS} documents, and says what it yields; keeps nothing.`,
  config: checkSourceConfig,
  argument: 'source',

  async run({ source: spec }, { environment, folder, clock, out, err, json, quiet, signal }) {
    const { sourceOf } = await import('../../stages/sources/sources.ts');
    const note = noteTo({ err, quiet });
    const source = await sourceOf(spec, folder, sourceTools({ environment, folder, clock, note }));
    const found = await preview(source, { documents: DOCUMENTS, records: RECORDS }, signal);
    const isNew = new Set(withoutNearDuplicates(found.documents.map(({ text }) => Int32Array.from(wordHashes(text)))));
    const documents = found.documents.map((document, i) => ({ ...shown(document), nearDuplicate: !isNew.has(i) }));
    out.write(json ? `${JSON.stringify({ ...found, documents })}\n` : words(found, documents));
  },
});

interface Shown extends CrawledDocument {
  /** Whether it says nearly what one before it does. */
  readonly nearDuplicate: boolean;
}

/** The text's start stands for the text. */
function shown(document: CrawledDocument): CrawledDocument {
  return {
    ...document,
    text: Array.from(document.text.slice(0, 2 * START))
      .slice(0, START)
      .join(''),
  };
}

function words({ source, read, ended, dropped, rejected }: Preview, documents: readonly Shown[]): string {
  const parts = [
    `${documents.length} documents`,
    ...Object.entries(dropped).map(([reason, records]) => `${records} dropped (${reason})`),
    ...Object.entries(rejected).map(([code, { records }]) => `${records} rejected (${code})`),
  ];
  return [
    ...documents.flatMap((document) => {
      const { id, url, text } = document;
      const about = aboutOf(document);
      return [
        `${printable(id)}${url === null ? '' : `  ${printable(url)}`}`,
        ...(about === '' ? [] : [`    ${printable(about)}`]),
        `    ${printable(text)}`,
      ];
    }),
    `${printable(source)}: ${ended ? 'all' : 'the first'} ${read} records: ${parts.join(', ')}`,
    ...Object.entries(rejected).map(([code, { first }]) => `${code}: ${printable(first)}`),
    '',
  ].join('\n');
}

/** What the crawl says of a document besides its id, address and text. */
function aboutOf({ title, language, extraction, fetchedAt, canonicalUrl, nearDuplicate }: Shown): string {
  const said = [
    title && `"${title}"`,
    language,
    extraction,
    fetchedAt && `fetched ${fetchedAt}`,
    canonicalUrl && `canonical ${canonicalUrl}`,
    nearDuplicate && 'near duplicate of one above',
  ];
  return said.filter(Boolean).join(', ');
}

interface Kind {
  readonly name: string;
  readonly summary: string;
}

const COLUMNS: readonly Column<Kind>[] = [
  { name: 'kind', align: 'left', cell: ({ name }) => name },
  { name: 'reads', align: 'left', cell: ({ summary }) => summary },
];

function width({ isTerminal, columns }: Output): number {
  return isTerminal ? columns : Number.POSITIVE_INFINITY;
}
