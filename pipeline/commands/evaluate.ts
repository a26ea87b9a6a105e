/** `deltasift evaluate`: how well each way to rank finds documents that are known to be tuning data. */
import { evaluateConfig } from '../config.ts';
import type { Evaluation } from '../evaluate.ts';
import { type Column, table } from '../render/table.ts';
import { command } from './command.ts';

export const evaluate = command({
  name: 'evaluate',
  summary: 'Holds a scan against documents known to be tuning data: each way to rank, with intervals.',
  config: evaluateConfig,

  async run(config, { out, json, folder, signal }) {
    const { evaluate: run } = await import('../evaluate.ts'); // loaded when asked for: other commands start sooner
    const evaluation = await run(config, folder, signal);
    out.write(json ? `${JSON.stringify(evaluation)}\n` : words(evaluation));
  },
});

type Row = Evaluation['scorers'][number];

function words({ documents, truths, n, seed, resamples, scorers }: Evaluation): string {
  const note = `${truths} of ${documents} documents are true; n = ${n}; intervals of 95 % by ${resamples} resamples, seed ${seed}`;
  return `${table(columnsOf(n), scorers, Number.POSITIVE_INFINITY)}${note}\n`;
}

interface Shown {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const shown = ({ value, low, high }: Shown, digits: number) =>
  `${value.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;

const columnsOf = (n: number): readonly Column<Row>[] => [
  { name: 'ranked by', align: 'left', cell: ({ name }) => name },
  { name: 'AUROC', align: 'left', cell: ({ finding }) => shown(finding.auroc, 4) },
  { name: 'less cosine, paired', align: 'left', cell: ({ overCosine }) => shown(overCosine, 4) },
  { name: 'TPR at 1 % FPR', align: 'left', cell: ({ finding }) => shown(finding.tprAt1, 3) },
  { name: `precision at ${n}`, align: 'left', cell: ({ finding }) => shown(finding.precision, 3) },
  { name: 'recall', align: 'left', cell: ({ finding }) => shown(finding.recall, 3) },
  { name: 'lift', align: 'left', cell: ({ finding }) => shown(finding.lift, 1) },
];
