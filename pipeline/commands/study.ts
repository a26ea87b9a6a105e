/** `deltasift study ...`: questions about picking and ranking, asked of a pair whose tuning data is partly known. */
import type { StrategiesConfig } from '../config.ts';
import { strategiesConfig } from '../config.ts';
import { intervalText } from '../render/interval.ts';
import { type Column, table } from '../render/table.ts';
import { openRetraining, type Retraining } from '../retraining.ts';
import type { KnownPool } from '../study/known-pool.ts';
import type { Cell, StudyColumn, StudyResult } from '../study/result.ts';
import { type Context, command } from './command.ts';
import { openKnownPool } from './known-pool.ts';

export const studyStrategies = command({
  name: 'study strategies',
  summary:
    'Which strategy picks what teaches a head most: each retrains the head of the base, tested on held-out true documents.',
  config: strategiesConfig,

  async run(config, context) {
    const { strategiesStudy } = await import('../study/strategies.ts'); // loaded when asked for: other commands start sooner
    const { signal } = context;
    const pool = openKnownPool(config);
    const options = { ...config, threads: config.threads ?? context.cores };
    await print(context, () =>
      withRetraining(pool, config, context, (retraining) => strategiesStudy(pool, retraining, options, signal)),
    );
  },
});

async function withRetraining<T>(
  { delta, window }: KnownPool,
  config: StrategiesConfig,
  { environment, cores, signal }: Context,
  use: (retraining: Retraining) => Promise<T>,
): Promise<T> {
  const { cache, hub, token } = environment;
  const retraining = await openRetraining(
    {
      base: config.base ?? delta.base,
      checkpoints: { cache, hub, token, offline: config.offline ?? environment.offline },
      window,
      providers: config.provider,
      threads: config.threads ?? cores,
      epochs: config.epochs,
      batch: config.batch,
      rate: config.rate,
    },
    signal,
  );
  try {
    return await use(retraining);
  } finally {
    await retraining.close();
  }
}

async function print({ out, json }: Context, run: () => Promise<StudyResult>): Promise<void> {
  const { study, columns, rows, notes } = await run();
  if (json) {
    const objects = rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])));
    out.write(`${JSON.stringify({ study, rows: objects, notes })}\n`);
    return;
  }
  const shown = columns.map(
    (column, i): Column<readonly Cell[]> => ({
      name: column.name,
      align: i === 0 ? 'left' : 'right',
      cell: (row) => words(row[i], column),
    }),
  );
  out.write(table(shown, rows, Number.POSITIVE_INFINITY));
  for (const note of notes) out.write(`${note}\n`);
}

function words(cell: Cell, { digits = 0 }: StudyColumn): string {
  if (cell === undefined) return '';
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return cell.toFixed(digits);
  return intervalText(cell, digits);
}
