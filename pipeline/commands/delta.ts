/** `deltasift delta`: what changed between two checkpoints. */
import { deltaConfig } from '../config/config.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import type { AdapterSide, DeltaReport, PushedToken, Side } from '../target/inspect-delta.ts';
import { command } from './command.ts';

export const delta = command({
  name: 'delta',
  summary:
    'Says what a tuning did to the last layer: its size, its spectrum, the tokens it pushes up and down; of an untouched one, to the MLP before it.',
  config: deltaConfig,

  async run(config, { environment, cores, out, err, json, quiet, signal }) {
    const { inspectDelta } = await import('../target/inspect-delta.ts'); // loaded when asked for: other commands start sooner
    const report = await inspectDelta(config, environment, cores, signal);
    if (!quiet) for (const note of report.notes) err.write(`note: ${note}\n`);
    out.write(json ? `${JSON.stringify(report)}\n` : words(report, out.columns));
  },
});

function words(report: DeltaReport, width: number): string {
  const { delta: id, base, tuned, norm, baseNorm, relativeNorm, matrices, spectrum, tokens } = report;
  const many = matrices.length > 1 ? matrices.map(movementWords) : [];
  return [
    `delta ${id}`,
    sideWords('base ', base),
    'modules' in tuned ? adapterWords(tuned) : sideWords('tuned', tuned),
    `|D| ${norm.toPrecision(6)}, |W0| ${baseNorm.toPrecision(6)}, |D|/|W0| ${percent(relativeNorm)}`,
    ...many,
    ...(spectrum === undefined ? [] : spectrumWords(spectrum)),
    ...(tokens === undefined ? [] : ['', pushedTable(tokens, width)]),
    '',
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

function spectrumWords({ values, energy }: NonNullable<DeltaReport['spectrum']>): readonly string[] {
  const energies = Object.entries(energy).map(([rank, share]) => `${percent(share)} at rank ${rank}`);
  const first = values.slice(0, 8).map((value) => value.toPrecision(4));
  return [`singular values ${first.join(' ')} ...`, `energy ${energies.join(', ')}`];
}

function movementWords({ name, shape, norm, baseNorm }: DeltaReport['matrices'][number]): string {
  return `  ${name} [${shape.join(', ')}]: |D| ${norm.toPrecision(6)}, |D|/|W0| ${percent(norm / baseNorm)}`;
}

function sideWords(name: string, { ref, head, dtype, shape }: Side): string {
  return `${name} ${ref}: ${head} ${dtype} [${shape.join(', ')}]`;
}

/** Modules of several layers as one. */
function adapterWords({ ref, modules }: AdapterSide): string {
  const families = [...new Set(modules.map((name) => name.replace(/\.\d+\./, '.*.')))];
  return `tuned ${ref}: a LoRA adapter of ${families.join(', ')}`;
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
