/** An evaluation as one page: nothing is fetched, and it follows the reader's choice of light or dark. */
import { intervalText } from './interval.ts';
import { escaped, histogram, linePlot, type Series } from './plot.ts';

interface Range {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** What the page shows of an evaluation. */
export interface Reported {
  readonly documents: number;
  readonly truths: number;
  readonly n: number;
  readonly seed: number;
  readonly resamples: number;
  readonly scorers: readonly {
    readonly name: string;
    readonly finding: Readonly<Record<'auroc' | 'tprAt1' | 'precision' | 'recall' | 'lift', Range>>;
  }[];
  readonly replacing?: {
    readonly draws: number;
    readonly picks: readonly (Readonly<Record<'gapClosed' | 'loss' | 'distance' | 'vocabulary', Range>> & {
      readonly name: string;
      readonly explained: Range | undefined;
      readonly truths: number;
    })[];
  };
}

export interface ReportedDetail {
  readonly columns: ReadonlyMap<string, ArrayLike<number>>;
  readonly member: readonly boolean[];
  readonly losses?: readonly Series[];
  readonly spectrum?: readonly number[];
}

export function report(evaluation: Reported, detail: ReportedDetail): string {
  const { documents, truths, n, seed, resamples, replacing } = evaluation;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>deltasift evaluate</title><style>${STYLE}</style></head><body>
<h1>How well tuning data is found, and replaced</h1>
<p>${truths} of ${documents} documents are true; n = ${n}; intervals of 95 % by ${resamples} resamples, seed ${seed}.</p>
<h2>Finding</h2>
${foundTable(evaluation)}
<div class="plots">${linePlot(
    [...detail.columns].map(([name, scores]) => precisionRecall(name, scores, detail.member)),
    {
      title: 'Precision and recall',
      x: 'recall',
      y: 'precision',
      xRange: [0, 1],
      yRange: [0, 1],
    },
  )}
${[...detail.columns]
  .filter(([name]) => name !== 'random')
  .map(([name, scores]) => histogram(byTruth(scores, detail.member), { title: `Scores: ${name}`, x: name }))
  .join('\n')}</div>
${replacing === undefined ? '' : replacingPart(replacing, detail.losses)}
${detail.spectrum === undefined ? '' : spectrumPart(detail.spectrum)}
</body></html>
`;
}

function replacingPart({ draws, picks }: NonNullable<Reported['replacing']>, losses: readonly Series[] = []): string {
  const rows = picks.map((pick) => [
    pick.name,
    intervalText(pick.gapClosed, 3),
    intervalText(pick.loss, 3),
    intervalText(pick.distance, 3),
    intervalText(pick.vocabulary, 3),
    pick.explained === undefined ? '' : intervalText(pick.explained, 4),
    pick.truths.toFixed(2),
  ]);
  const head = ['picked by', 'gap closed', 'held-out loss', 'distance', 'vocabulary', 'cos(S, D)', 'true'];
  const plot = linePlot(losses, {
    title: 'Retraining on the first documents',
    x: 'documents',
    y: 'held-out loss, nats',
  });
  return `<h2>Replacing</h2><p>Half of the true documents are held out; means and intervals over ${draws} draws.</p>
${tableOf(head, rows)}${losses.length === 0 ? '' : `<div class="plots">${plot}</div>`}`;
}

function spectrumPart(values: readonly number[]): string {
  const squares = values.map((value) => value ** 2);
  const points = values.map((value, i) => [i + 1, value] as const);
  const plot = linePlot([{ name: 'singular value', points }], {
    title: 'Spectrum of D',
    x: 'rank',
    y: 'singular value',
  });
  const first = squares[0]! / squares.reduce((sum, square) => sum + square, 0);
  return `<h2>The delta</h2><p>The first direction holds ${(100 * first).toFixed(0)} % of the energy of the first ${values.length}.</p>
<div class="plots">${plot}</div>`;
}

function foundTable({ n, scorers }: Reported): string {
  const rows = scorers.map(({ name, finding }) => [
    name,
    intervalText(finding.auroc, 4),
    intervalText(finding.tprAt1, 3),
    intervalText(finding.precision, 3),
    intervalText(finding.recall, 3),
    intervalText(finding.lift, 1),
  ]);
  return tableOf(['ranked by', 'AUROC', 'TPR at 1 % FPR', `precision at ${n}`, 'recall', 'lift'], rows);
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${line(head, 'th')}</thead><tbody>${rows.map((row) => line(row, 'td')).join('')}</tbody></table>`;
}

/** Precision at every recall, a point where a true document stands. */
function precisionRecall(name: string, scores: ArrayLike<number>, member: readonly boolean[]): Series {
  const order = [...member.keys()].sort((a, b) => scores[b]! - scores[a]!);
  const all = member.filter(Boolean).length;
  const points: [number, number][] = [];
  let found = 0;
  for (const [rank, i] of order.entries()) {
    if (!member[i]) continue;
    found++;
    points.push([found / all, found / (rank + 1)]);
  }
  return { name, points };
}

function byTruth(scores: ArrayLike<number>, member: readonly boolean[]) {
  const values = (is: boolean) => Array.from(scores).filter((_, i) => member[i] === is);
  return [
    { name: 'true', values: values(true) },
    { name: 'others', values: values(false) },
  ];
}

const COLOURS = [
  '#0b6bcb',
  '#c8553d',
  '#3a7d44',
  '#8e5bb5',
  '#b8860b',
  '#008b8b',
  '#cc3d86',
  '#6b7280',
  '#7a5230',
  '#1f4e79',
  '#999900',
];
const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1a1a1a, #e6e6e6); --paper: light-dark(#fff, #161616); --faint: light-dark(#ddd, #383838); }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--faint); white-space: nowrap; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; width: 460px; max-width: 100%; } svg { width: 100%; height: auto; }
svg text { fill: var(--ink); font-size: 11px; } .title { font-weight: 600; font-size: 13px; } .grid { stroke: var(--faint); }
.line { fill: none; stroke-width: 1.6; } .area { fill-opacity: .25; stroke-width: 1.2; }
figure ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0 .9rem; margin: 0; padding: 0; font-size: 12px; } li::before { content: "\u25a0 "; }
${COLOURS.map((colour, i) => `.s${i} { stroke: ${colour}; } .area.s${i} { fill: ${colour}; } li.s${i}::before { color: ${colour}; }`).join('\n')}
`;
