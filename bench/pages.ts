/**
 * `node bench/pages.ts TRUTH.jsonl NAME SCORES.jsonl...`: how well scans of the pages of a crawl (`--scores`) put those first that hold
 * documents which a model was tuned on. The truth has a line a page, `{url, leaked_by}`; NAME is the tuning as `leaked_by` calls it.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { finding } from '../stages/evaluate/finding.ts';
import { record, table } from './results.ts';

const [truthFile, name, ...files] = process.argv.slice(2) as [string, string, ...string[]];

function linesOf<T>(file: string): readonly T[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as T);
}

const pages = linesOf<{ readonly url: string; readonly leaked_by: readonly string[] }>(truthFile);
const leaked = new Set(pages.filter(({ leaked_by: by }) => by.includes(name)).map(({ url }) => url));

const scans = files.map((file) => linesOf<{ readonly url: string; readonly ranking: number }>(file));
const inAll = scans.map((scores) => new Set(scores.map(({ url }) => url))).reduce((a, b) => a.intersection(b));

const rows = files.map((file, i) => {
  const scores = scans[i]!.filter(({ url }) => inAll.has(url));
  const member = scores.map(({ url }) => leaked.has(url));
  const n = member.filter(Boolean).length;
  const { auroc, precision } = finding(
    scores.map(({ ranking }) => ranking),
    member,
    { n, seed: 0, resamples: 200 },
  );
  return [
    basename(file, '.jsonl'),
    String(scores.length),
    String(n),
    `${auroc.value.toFixed(4)} [${auroc.low.toFixed(3)}, ${auroc.high.toFixed(3)}]`,
    precision.value.toFixed(3),
  ];
});
const lines = [
  `Pages of a crawl ranked by what the model was tuned on (${name}), each page by its first window of 128 tokens; intervals of 95 % by 200 resamples. Only pages that all of the scans hold.`,
  '',
  ...table(['read as', 'pages', 'hold leaked documents', 'AUROC', 'precision at as many'], rows),
];
console.log(lines.join('\n'));
record('Pages', lines);
