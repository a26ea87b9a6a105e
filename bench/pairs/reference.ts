/**
 * Scorers against the tables of a reference in the pairs' own README.md: AUROC, and precision at as many documents as are true. The
 * reference prints three digits.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ranking } from '../../stages/math/ranking.ts';
import type { Measured } from '../../stages/measure.ts';
import { table } from '../results.ts';
import { jsonl, type KnownPair, scanned } from './known-pairs.ts';

/** The most that a figure may differ. */
const MOST = 0.005;

/** Rows of the reference's tables, and the same by what a line of `--scores` holds. */
const SCORERS: Readonly<Record<string, (line: Measured) => number>> = {
  cos_mean: ({ cosine }) => cosine,
  dot_mean: ({ alignment }) => alignment,
  '-nll_tuned': ({ lossTuned }) => -lossTuned!,
  '-nll_base': ({ loss }) => -loss,
  llr: ({ loss, lossTuned }) => loss - lossTuned!,
  'llr/nll': ({ loss, lossTuned }) => (loss - lossTuned!) / loss,
};
/** The same of the last position alone. */
const AT_LAST: Readonly<Record<string, (line: Measured) => number>> = {
  cos_last: ({ cosine }) => cosine,
  dot_last: ({ alignment }) => alignment,
};

export async function referenceSection(
  folder: string,
  pairs: readonly KnownPair[],
  cache: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const rows: (readonly string[])[] = [];
  let most = 0;
  for (const pair of pairs) {
    const wanted = referenceOf(readme, pair.name);
    const ways = [
      [SCORERS, ['--tuned-model']],
      [AT_LAST, ['--positions', 'last']],
    ] as const;
    for (const [scorers, words] of ways) {
      const lines = jsonl<Measured & { readonly id: string }>((await scanned(pair, cache, words, signal)).scores);
      const member = lines.map(({ id }) => pair.truths.has(id));
      for (const [name, scorer] of Object.entries(scorers)) {
        const reference = wanted.get(name);
        if (reference === undefined) continue;
        const made = ranking(lines.map(scorer), member);
        const [auroc, precision] = [made.auroc(), made.precisionAt(pair.truths.size)];
        const off = Math.max(Math.abs(auroc - reference.auroc), Math.abs(precision - reference.precision));
        most = Math.max(most, off);
        const shown = [auroc, reference.auroc, precision, reference.precision].map((value) => value.toFixed(4));
        rows.push([pair.name, name, ...shown, off.toFixed(4)]);
      }
    }
  }
  return [
    `Every document of each pair, windows of 128 tokens. Largest difference ${most.toFixed(4)}; wanted: at most ${MOST}, of which .0005 is the reference's rounding.`,
    '',
    ...table(['pair', 'scorer', 'AUROC', 'reference', 'precision at n', 'reference', 'difference'], rows),
  ];
}

/** Columns AUROC true and P@n true of a pair's table, by row. */
function referenceOf(readme: string, pair: string) {
  const [, section = ''] = readme.split(new RegExp(`^\\*\\*${pair}\\*\\* `, 'm'));
  const [own = ''] = section.split(/^\*\*/m);
  const cells = [...own.matchAll(/^\| ([^|]+?) \|(.*)\|$/gm)].map(
    ([, name = '', rest = '']) => [name, rest.split('|').map(Number)] as const,
  );
  return new Map(
    cells
      .filter(([, values]) => values.length === 7)
      .map(([name, values]) => [name, { auroc: values[0]!, precision: values[4]! }]),
  );
}
