import { ranking } from '../../stages/math/ranking.ts';
import type { CrawlLine, TruthLine } from './setup.ts';

/** What the report reads of a line of `deltasift top --format jsonl`. */
export interface RankedLine {
  readonly id: string;
  /** What they are ranked by. */
  readonly ranking: number;
}

interface Row extends RankedLine, TruthLine, CrawlLine {}

const SHOWN = 10;

/**
 * The first documents, and how well the ranking finds the ones that the tuned model was trained on.
 *
 * @param ranked all documents of the crawl, best first
 * @throws Error where they are not the documents of the crawl
 */
export function report(
  ranked: readonly RankedLine[],
  crawl: readonly CrawlLine[],
  truth: readonly TruthLine[],
  columns: number,
): string {
  const rows = joined(ranked, crawl, truth);
  return `${table(rows.slice(0, SHOWN), columns)}\n${figures(rows)}`;
}

function joined(
  ranked: readonly RankedLine[],
  crawl: readonly CrawlLine[],
  truth: readonly TruthLine[],
): readonly Row[] {
  const known = new Map(crawl.map((line, i) => [line.id, { ...line, ...truth[i]! }]));
  const scored = new Set(ranked.map(({ id }) => id));
  if (ranked.length !== known.size || scored.size !== known.size || ranked.some(({ id }) => !known.has(id))) {
    throw new Error(
      `The store holds ${ranked.length} documents, and should hold the ${known.size} of the demo's crawl: ` +
        'start again with npm start -- --fresh',
    );
  }
  return ranked.map((line) => ({ ...known.get(line.id)!, ...line }));
}

function table(rows: readonly Row[], columns: number): string {
  const source = ({ corpus, file }: Row) => (file.includes('/') ? file : `${corpus} ${file}`);
  const width = Math.max(...rows.map((row) => source(row).length));
  const lines = rows.map((row, i) => {
    const start = [
      String(i + 1).padStart(4),
      row.ranking.toFixed(4).padStart(7),
      row.tuned ? 'yes    ' : 'no     ',
      source(row).padEnd(width),
    ].join('  ');
    return `${start}  ${row.text}`.slice(0, columns);
  });
  return [`rank  ranking  trained  ${'from'.padEnd(width)}  text`, ...lines, ''].join('\n');
}

function figures(rows: readonly Row[]): string {
  const n = rows.filter(({ tuned }) => tuned).length;
  const random = n / rows.length;
  const all = ranking(...columnsOf(rows));
  const precision = all.precisionAt(n);
  const spam = rows.filter(({ corpus }) => corpus === 'spam');
  const median = (wanted: (row: Row) => boolean) => medianOf(rows.filter(wanted)).toFixed(4);
  const lines = [
    [
      `of the first ${n}, tuned on`,
      percent(precision),
      `at random ${percent(random)}: lift ${(precision / random).toFixed(1)}`,
    ],
    ['AUROC against all others', all.auroc().toFixed(4), 'at random 0.5'],
    [
      'AUROC against other spam',
      ranking(...columnsOf(spam))
        .auroc()
        .toFixed(4),
      'at random 0.5',
    ],
    [
      'median ranking',
      median(({ tuned }) => tuned),
      `other spam ${median(({ tuned, corpus }) => !tuned && corpus === 'spam')}, all else ${median(({ corpus }) => corpus !== 'spam')}`,
    ],
  ] as const;
  const what = Math.max(...lines.map(([name]) => name.length));
  return [
    `The model was tuned on ${count(n)} of these ${count(rows.length)} documents, all of them spam.`,
    ...lines.map(([name, value, beside]) => `  ${name.padEnd(what)}   ${value}   ${beside}`),
    '',
  ].join('\n');
}

function columnsOf(rows: readonly Row[]): [scores: readonly number[], member: readonly boolean[]] {
  return [rows.map(({ ranking }) => ranking), rows.map(({ tuned }) => tuned)];
}

/** @param rows best first */
function medianOf(rows: readonly Row[]): number {
  const above = rows[Math.floor((rows.length - 1) / 2)];
  const below = rows[Math.ceil((rows.length - 1) / 2)];
  return (above!.ranking + below!.ranking) / 2;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}
