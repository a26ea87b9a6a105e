/** `deltasift evaluate`: how well documents known to be tuning data are found, and how well picked ones stand in for them. */
import { writeFileSync } from 'node:fs';
import { type EvaluateConfig, evaluateConfig } from '../config/config.ts';
import { ConfigError } from '../error.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import type { Replaced } from '../evaluate/replacing.ts';
import { intervalText } from '../render/interval.ts';
import { type Column, table } from '../render/table.ts';
import type { KnownPool } from '../study/known-pool.ts';
import { command } from './command.ts';
import { openKnownPool } from './known-pool.ts';

export const evaluate = command({
  name: 'evaluate',
  summary:
    'Holds a scan against documents known to be tuning data: how each ranking finds them, how picks replace them.',
  config: evaluateConfig,

  async run(config, { environment, cores, out, json, folder, signal }) {
    const pool = poolOf(config);
    const { evaluate: run } = await import('../evaluate/evaluate.ts'); // loaded when asked for: other commands start sooner
    const { evaluation, detail } = await run(config, pool, { environment, cores, folder }, signal);
    if (config.report !== undefined) {
      const { report } = await import('../render/report.ts');
      writeFileSync(config.report, report(evaluation, detail));
    }
    out.write(json ? `${JSON.stringify(evaluation)}\n` : words(evaluation));
  },
});

function poolOf({ scores, store, delta, truth, encoder }: EvaluateConfig): KnownPool | undefined {
  if ((scores === undefined) === (store === undefined)) {
    throw new ConfigError(
      'expected either --scores, the lines that a scan has written, or --store, a store that holds all of its documents',
    );
  }
  if (store !== undefined) return openKnownPool({ store, delta, truth });
  if (encoder !== undefined) {
    throw new ConfigError('--encoder: distances are between picked documents; expected --store in place of --scores');
  }
  return undefined;
}

type Row = Evaluation['scorers'][number];

function words({ documents, truths, n, seed, resamples, scorers, replacing }: Evaluation): string {
  const note = `${truths} of ${documents} documents are true; n = ${n}; intervals of 95 % by ${resamples} resamples, seed ${seed}\n`;
  const found = table(columnsOf(n), scorers, Number.POSITIVE_INFINITY);
  if (replacing === undefined) return found + note;
  const { draws, picks } = replacing;
  const how = `half of the true documents held out, means and intervals over ${draws} draws; greedy by sketches, cos(S, D) exact\n`;
  return `${found}${note}\n${table(PICK_COLUMNS, picks, Number.POSITIVE_INFINITY)}${how}`;
}

const columnsOf = (n: number): readonly Column<Row>[] => [
  { name: 'ranked by', align: 'left', cell: ({ name }) => name },
  { name: 'AUROC', align: 'left', cell: ({ finding }) => intervalText(finding.auroc, 4) },
  { name: 'less cosine, paired', align: 'left', cell: ({ overCosine }) => intervalText(overCosine, 4) },
  { name: 'TPR at 1 % FPR', align: 'left', cell: ({ finding }) => intervalText(finding.tprAt1, 3) },
  { name: `precision at ${n}`, align: 'left', cell: ({ finding }) => intervalText(finding.precision, 3) },
  { name: 'recall', align: 'left', cell: ({ finding }) => intervalText(finding.recall, 3) },
  { name: 'lift', align: 'left', cell: ({ finding }) => intervalText(finding.lift, 1) },
];

const PICK_COLUMNS: readonly Column<Replaced>[] = [
  { name: 'picked by', align: 'left', cell: ({ name }) => name },
  { name: 'gap closed', align: 'left', cell: ({ gapClosed }) => intervalText(gapClosed, 3) },
  { name: 'held-out loss', align: 'left', cell: ({ loss }) => intervalText(loss, 3) },
  { name: 'distance', align: 'left', cell: ({ distance }) => intervalText(distance, 3) },
  { name: 'vocabulary', align: 'left', cell: ({ vocabulary }) => intervalText(vocabulary, 3) },
  {
    name: 'cos(S, D)',
    align: 'left',
    cell: ({ explained }) => (explained === undefined ? '' : intervalText(explained, 4)),
  },
  { name: 'true', align: 'right', cell: ({ truths }) => truths.toFixed(2) },
];
