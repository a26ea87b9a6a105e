/** `deltasift top`: the best documents of a store. It prints no clock and no path: the same store gives the same bytes. */
import { topConfig } from '../config/config.ts';
import { ConfigError } from '../error.ts';
import { csv } from '../render/csv.ts';
import type { ParquetColumn } from '../render/parquet.ts';
import { type RankingRow, rankingColumns } from '../render/ranking-columns.ts';
import { table } from '../render/table.ts';
import { SCORE_FIELDS, scoreLine } from '../scan/score-line.ts';
import { openStore } from '../store/store.ts';
import { command } from './command.ts';
import { deltaOf } from './ranking.ts';

const DEFAULT_K = 20;

export const top = command({
  name: 'top',
  summary: 'Prints the best documents of a store: by what ranks, descending, then by key.',
  config: topConfig,

  async run({ store: dir, delta, k, format, live = false }, { out, screen, json, now, signal }) {
    if (live) {
      if (format !== 'table')
        throw new ConfigError(`--live: expected --format table, or --json, got --format ${format}`);
      const { liveTop } = await import('./top-live.ts'); // loaded when asked for: the others start sooner
      return await liveTop({ store: dir, delta, k }, { out, screen, json, now }, signal);
    }
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

const FORMATS = {
  table: (rows: readonly RankingRow[], rankBy: string, width: number) =>
    table(rankingColumns(rows, rankBy), rows, width),
  jsonl: (rows: readonly RankingRow[]) => rows.map((row) => `${JSON.stringify(line(row))}\n`).join(''),
  csv: (rows: readonly RankingRow[]) =>
    csv(
      FLAT_COLUMNS.map(({ name }) => name),
      rows.map(flat),
    ),
  async parquet(rows: readonly RankingRow[]) {
    const { parquet } = await import('../render/parquet.ts'); // loaded when asked for: other formats start sooner
    return parquet(FLAT_COLUMNS, rows.map(flat));
  },
};

/** `standardError` is there where the score is an estimate, `key` where the id is not enough. */
function line({ ranked, ambiguous }: RankingRow): object {
  const { rank, key, standardError } = ranked;
  return {
    rank,
    ...scoreLine(ranked),
    ...(standardError === null ? {} : { standardError }),
    ...(ambiguous ? { key } : {}),
  };
}

function flat({ ranked }: RankingRow): Readonly<Record<string, unknown>> {
  return { rank: ranked.rank, key: ranked.key, ...scoreLine(ranked), standardError: ranked.standardError };
}

const INTEGERS: ReadonlySet<string> = new Set(['rank', 'tokens', 'window', 'windows']);
const TEXTS: ReadonlySet<string> = new Set(['id', 'url', 'key', 'label']);
const FLAT_COLUMNS: readonly ParquetColumn[] = ['rank', 'key', ...SCORE_FIELDS, 'standardError'].map((name) => ({
  name,
  type: INTEGERS.has(name) ? 'INT32' : TEXTS.has(name) ? 'STRING' : 'DOUBLE',
}));
