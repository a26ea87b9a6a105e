/** `deltasift delta`: what changed in the last layer between two checkpoints. */
import { deltaConfig } from '../config.ts';
import type { DeltaReport, PushedToken, Side } from '../inspect-delta.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import { command } from './command.ts';

export const delta = command({
  name: 'delta',
  summary: 'Says what a tuning did to the last layer: its size, its spectrum, the tokens it pushes up and down.',
  config: deltaConfig,

  async run(config, { environment, cores, out, err, json, quiet, signal }) {
    const { inspectDelta } = await import('../inspect-delta.ts'); // loaded when asked for: other commands start sooner
    const report = await inspectDelta(config, environment, cores, signal);
    if (!quiet) for (const note of report.notes) err.write(`note: ${note}\n`);
    out.write(json ? `${JSON.stringify(report)}\n` : words(report, out.columns));
  },
});

function words(
  { delta: id, base, tuned, norm, baseNorm, relativeNorm, spectrum, tokens }: DeltaReport,
  width: number,
): string {
  const energies = Object.entries(spectrum.energy).map(([rank, energy]) => `${percent(energy)} at rank ${rank}`);
  const values = spectrum.values.slice(0, 8).map((value) => value.toPrecision(4));
  return [
    `delta ${id}`,
    sideWords('base ', base),
    sideWords('tuned', tuned),
    `|D| ${norm.toPrecision(6)}, |W0| ${baseNorm.toPrecision(6)}, |D|/|W0| ${percent(relativeNorm)}`,
    `singular values ${values.join(' ')} ...`,
    `energy ${energies.join(', ')}`,
    ...(tokens === undefined ? [] : ['', pushedTable(tokens, width)]),
    '',
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

function sideWords(name: string, { ref, head, dtype, shape }: Side): string {
  return `${name} ${ref}: ${head} ${dtype} [${shape.join(', ')}]`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** The k-th most raised token beside the k-th most lowered one. */
function pushedTable({ up, down }: NonNullable<DeltaReport['tokens']>, width: number): string {
  const rows = up.map((raised, i) => [raised, down[i]!] as const);
  return table(COLUMNS, rows, width);
}

type Row = readonly [PushedToken, PushedToken];
const change = ({ change: value }: PushedToken) => `${value > 0 ? '+' : ''}${value.toFixed(3)}`;
const text = (token: PushedToken) => JSON.stringify(printable(token.text));
const COLUMNS: readonly Column<Row>[] = [
  { name: 'logit', align: 'right', cell: ([up]) => change(up) },
  { name: 'pushed up', align: 'left', cell: ([up]) => text(up) },
  { name: 'logit', align: 'right', cell: ([, down]) => change(down) },
  { name: 'pushed down', align: 'left', cell: ([, down]) => text(down) },
];
