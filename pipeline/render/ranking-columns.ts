/** The columns of a ranking for people. */
import type { Ranked } from '../store/members.ts';
import { printable } from './printable.ts';
import type { Column } from './table.ts';

export interface RankingRow {
  readonly ranked: Ranked;
  /** Its id names another document too. */
  readonly ambiguous: boolean;
}

const TEXT_SHOWN = 60;

/** What was not measured of any has no column. */
export function rankingColumns(rows: readonly RankingRow[], rankBy: string): readonly Column<RankingRow>[] {
  const some = (field: 'lossTuned' | 'label') => rows.some(({ ranked }) => ranked[field] !== null);
  return [
    { name: 'rank', align: 'right', cell: ({ ranked }) => String(ranked.rank) },
    {
      name: rankBy === 'cosine' ? 'score' : rankBy,
      align: 'right',
      cell: ({ ranked }) => ranked.ranking.toFixed(5),
    },
    ...(rows.some(({ ranked }) => ranked.standardError !== null) ? [ESTIMATED] : []),
    ...(rankBy === 'cosine' ? [] : [SCORE]),
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

/** As lines call the cosine. */
const SCORE: Column<RankingRow> = { name: 'score', align: 'right', cell: ({ ranked }) => ranked.cosine.toFixed(5) };
/** Of what ranks, where that is an estimate. */
const ESTIMATED: Column<RankingRow> = {
  name: '±',
  align: 'right',
  cell: ({ ranked }) => ranked.standardError?.toFixed(5) ?? '',
};
const TUNED: Column<RankingRow> = {
  name: 'tuned',
  align: 'right',
  cell: ({ ranked }) => ranked.lossTuned?.toFixed(3) ?? '',
};
const LABEL: Column<RankingRow> = { name: 'label', align: 'left', cell: ({ ranked }) => printable(ranked.label ?? '') };
