/** `deltasift select`: a set of documents that would tune the model the same way, rather than a ranking. */
import { type SelectConfig, selectConfig } from '../config/config.ts';
import type { PickedSet } from '../pick/pick.ts';
import { csv } from '../render/csv.ts';
import { type ParquetColumn, parquet } from '../render/parquet.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import { openStore } from '../store/store.ts';
import { command } from './command.ts';
import { deltaOf } from './ranking.ts';

export const select = command({
  name: 'select',
  summary: 'Picks a set of documents whose gradients together point where the tuning went.',
  config: selectConfig,

  async run(config, { environment, cores, out, json, signal }) {
    const { pick } = await import('../pick/pick.ts'); // loaded when asked for: other commands start sooner
    const store = openStore(config.store, { readonly: true });
    try {
      const delta = deltaOf(store, config.delta);
      const threads = config.threads ?? cores;
      const picked = await pick(store, delta, config, { environment, threads }, signal);
      if (json) out.write(`${JSON.stringify(report(delta.id, config, picked))}\n`);
      else out.write(FORMATS[config.format](config, picked, out.isTerminal ? out.columns : Number.POSITIVE_INFINITY));
    } finally {
      store.close();
    }
  },
});

/** One picked document, `cosine` that of the set up to it. */
function line({ documents, cosines }: PickedSet, i: number) {
  const { id, url, cosine: score, alignment, gradientNorm, loss, lossTunedHead, tokens } = documents[i]!;
  const rank = i + 1;
  return { rank, id, url, cosine: cosines[i]!, score, alignment, gradientNorm, loss, lossTunedHead, tokens };
}

const lines = (picked: PickedSet) => picked.documents.map((_, i) => line(picked, i));

function report(delta: string, { n }: SelectConfig, picked: PickedSet): object {
  const { strategy, candidates, exactProducts, cosine, highestAt, beside } = picked;
  return { delta, strategy, n, candidates, exactProducts, cosine, highestAt, beside, documents: lines(picked) };
}

const COLUMN_TYPES = {
  rank: 'INT32',
  id: 'STRING',
  url: 'STRING',
  cosine: 'DOUBLE',
  score: 'DOUBLE',
  alignment: 'DOUBLE',
  gradientNorm: 'DOUBLE',
  loss: 'DOUBLE',
  lossTunedHead: 'DOUBLE',
  tokens: 'INT32',
} as const satisfies Readonly<Record<string, ParquetColumn['type']>>;
const FLAT_COLUMNS: readonly ParquetColumn[] = Object.entries(COLUMN_TYPES).map(([name, type]) => ({ name, type }));

const FORMATS = {
  table: (config: SelectConfig, picked: PickedSet, width: number) =>
    `${table(COLUMNS, rowsOf(picked), width)}\n${summary(config, picked)}`,
  jsonl: (_: SelectConfig, picked: PickedSet) =>
    lines(picked)
      .map((one) => `${JSON.stringify(one)}\n`)
      .join(''),
  csv: (_: SelectConfig, picked: PickedSet) => csv(Object.keys(COLUMN_TYPES), lines(picked)),
  parquet: (_: SelectConfig, picked: PickedSet) => parquet(FLAT_COLUMNS, lines(picked)),
};

interface Row extends ReturnType<typeof line> {
  readonly text: string;
}

const rowsOf = (picked: PickedSet): readonly Row[] =>
  picked.documents.map(({ text }, i) => ({ ...line(picked, i), text: printable(text.slice(0, 240)).slice(0, 60) }));

const COLUMNS: readonly Column<Row>[] = [
  { name: 'rank', align: 'right', cell: ({ rank }) => String(rank) },
  { name: 'cos(S,D)', align: 'right', cell: ({ cosine }) => cosine.toFixed(5) },
  { name: 'score', align: 'right', cell: ({ score }) => score.toFixed(5) },
  { name: 'id', align: 'left', cell: ({ id }) => printable(id) },
  { name: 'text', align: 'left', cell: ({ text }) => text },
];

/** cos(S, D) by n, for the pick and beside it. */
function summary({ n }: SelectConfig, picked: PickedSet): string {
  const { strategy } = picked;
  const ways = [
    { name: String(strategy), ...picked },
    { name: 'topk', ...picked.beside.topk },
    { name: 'random', ...picked.beside.random },
  ].filter(({ name }, i) => i === 0 || name !== strategy);
  const counts = [...new Set([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000])].filter((count) => count < n);
  const columns: readonly Column<(typeof ways)[number]>[] = [
    { name: 'cos(S, D) of the first', align: 'left', cell: ({ name }) => name },
    ...[...counts, n].map((count) => ({
      name: String(count),
      align: 'right' as const,
      cell: ({ cosines }: (typeof ways)[number]) => cosines[count - 1]?.toFixed(4) ?? '',
    })),
    { name: 'highest at', align: 'right', cell: ({ highestAt }) => String(highestAt) },
  ];
  const products =
    picked.exactProducts === undefined
      ? []
      : [`products between documents: ${picked.exactProducts ? 'exact' : 'from sketches of 65,536 numbers'}`];
  const notes = [`${n} of ${picked.candidates} documents that the store holds for ${strategy}`, ...products];
  return `${table(columns, ways, Number.POSITIVE_INFINITY)}${notes.join('; ')}\n`;
}
