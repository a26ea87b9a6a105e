/** `deltasift top`: the best documents of a store. It prints no clock and no path: the same store gives the same bytes. */
import { topConfig } from '../config/config.ts';
import { ConfigError } from '../error.ts';
import { csv } from '../render/csv.ts';
import type { ParquetColumn } from '../render/parquet.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import { SCORE_FIELDS, scoreLine } from '../scan/score-line.ts';
import type { Ranked } from '../store/members.ts';
import { openStore } from '../store/store.ts';
import { command } from './command.ts';
import { deltaOf } from './ranking.ts';

const DEFAULT_K = 20;

export const top = command({
  name: 'top',
  summary: 'Prints the best documents of a store: score descending, then key.',
  config: topConfig,

  async run({ store: dir, delta, k, format }, { out, json }) {
    if (format === 'parquet' && !json && out.isTerminal) {
      throw new ConfigError(
        '--format parquet: expected a file to write to, got a terminal: redirect it with > top.parquet',
      );
    }
    const store = openStore(dir, { readonly: true });
    try {
      const { id, measurement, keep, rankBy } = deltaOf(store, delta);
      const shared = store.sharedIds(id);
      const rows = store
        .top(id, k ?? Math.min(DEFAULT_K, keep))
        .map((ranked) => ({ ranked, ambiguous: shared.has(ranked.id) }));
      if (json) out.write(`${JSON.stringify({ delta: id, measurement, documents: rows.map(line) })}\n`);
      else out.write(await FORMATS[format](rows, rankBy, out.isTerminal ? out.columns : Number.POSITIVE_INFINITY));
    } finally {
      store.close();
    }
  },
});

interface Row {
  readonly ranked: Ranked;
  /** Its id names another document too. */
  readonly ambiguous: boolean;
}

const FORMATS = {
  table: (rows: readonly Row[], rankBy: string, width: number) => table(columnsOf(rows, rankBy), rows, width),
  jsonl: (rows: readonly Row[]) => rows.map((row) => `${JSON.stringify(line(row))}\n`).join(''),
  csv: (rows: readonly Row[]) =>
    csv(
      FLAT_COLUMNS.map(({ name }) => name),
      rows.map(flat),
    ),
  async parquet(rows: readonly Row[]) {
    const { parquet } = await import('../render/parquet.ts'); // loaded when asked for: other formats start sooner
    return parquet(FLAT_COLUMNS, rows.map(flat));
  },
};

/** `standardError` is there where the score is an estimate, `key` where the id is not enough. */
function line({ ranked, ambiguous }: Row): object {
  const { rank, key, standardError } = ranked;
  return {
    rank,
    ...scoreLine(ranked),
    ...(standardError === null ? {} : { standardError }),
    ...(ambiguous ? { key } : {}),
  };
}

function flat({ ranked }: Row): Readonly<Record<string, unknown>> {
  return { rank: ranked.rank, key: ranked.key, ...scoreLine(ranked), standardError: ranked.standardError };
}

const INTEGERS: ReadonlySet<string> = new Set(['rank', 'tokens', 'window', 'windows']);
const TEXTS: ReadonlySet<string> = new Set(['id', 'url', 'key', 'label']);
const FLAT_COLUMNS: readonly ParquetColumn[] = ['rank', 'key', ...SCORE_FIELDS, 'standardError'].map((name) => ({
  name,
  type: INTEGERS.has(name) ? 'INT32' : TEXTS.has(name) ? 'STRING' : 'DOUBLE',
}));

const TEXT_SHOWN = 60;
/** What was not measured of any has no column. */
function columnsOf(rows: readonly Row[], rankBy: string): readonly Column<Row>[] {
  const some = (field: 'lossTuned' | 'label') => rows.some(({ ranked }) => ranked[field] !== null);
  return [
    { name: 'rank', align: 'right', cell: ({ ranked }) => String(ranked.rank) },
    {
      name: rankBy === 'cosine' ? 'score' : rankBy,
      align: 'right',
      cell: ({ ranked }) => ranked.score.toFixed(5),
    },
    ...(rows.some(({ ranked }) => ranked.standardError !== null) ? [ESTIMATED] : []),
    { name: 'alignment', align: 'right', cell: ({ ranked }) => ranked.alignment.toPrecision(4) },
    { name: 'loss', align: 'right', cell: ({ ranked }) => ranked.loss.toFixed(3) },
    { name: 'tuned head', align: 'right', cell: ({ ranked }) => ranked.lossTunedHead.toFixed(3) },
    ...(some('lossTuned') ? [TUNED] : []),
    ...(some('label') ? [LABEL] : []),
    { name: 'tokens', align: 'right', cell: ({ ranked }) => String(ranked.tokens) },
    {
      name: 'id',
      align: 'left',
      cell: ({ ranked, ambiguous }) => printable(ambiguous ? `${ranked.id} (key ${ranked.key})` : ranked.id),
    },
    {
      name: 'text',
      align: 'left',
      cell: ({ ranked }) => printable(ranked.text.slice(0, 4 * TEXT_SHOWN)).slice(0, TEXT_SHOWN),
    },
  ];
}

/** Of a score that is an estimate. */
const ESTIMATED: Column<Row> = {
  name: '±',
  align: 'right',
  cell: ({ ranked }) => ranked.standardError?.toFixed(5) ?? '',
};
const TUNED: Column<Row> = {
  name: 'tuned',
  align: 'right',
  cell: ({ ranked }) => ranked.lossTuned?.toFixed(3) ?? '',
};
const LABEL: Column<Row> = { name: 'label', align: 'left', cell: ({ ranked }) => printable(ranked.label ?? '') };
