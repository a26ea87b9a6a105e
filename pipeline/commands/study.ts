/** `deltasift study ...`: questions about picking and ranking, asked of a pair whose tuning data is partly known. */
import type { SizeConfig, StrategiesConfig } from '../config/config.ts';
import {
  leakageConfig,
  optimizerConfig,
  rankingConfig,
  sizeConfig,
  strategiesConfig,
  widthConfig,
} from '../config/config.ts';
import { ConfigError } from '../error.ts';
import { openRetraining, type Retraining } from '../evaluate/retraining.ts';
import { intervalText } from '../render/interval.ts';
import { type Column, table } from '../render/table.ts';
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

export const studySize = command({
  name: 'study size',
  summary: 'How many documents it takes: heads retrained on picks of several sizes.',
  config: sizeConfig,

  async run(config, context) {
    const { sizeStudy } = await import('../study/size.ts');
    const pool = openKnownPool(config);
    const options = { ...config, threads: config.threads ?? context.cores };
    await print(context, () =>
      withRetraining(pool, config, context, (retraining) => sizeStudy(pool, retraining, options, context.signal)),
    );
  },
});

export const studyLeakage = command({
  name: 'study leakage',
  summary: 'How much of the true data has to be in the pool: from 10 to 90 %.',
  config: leakageConfig,

  async run(config, context) {
    const { leakageStudy } = await import('../study/leakage.ts');
    const pool = openKnownPool(config);
    const options = { ...config, threads: config.threads ?? context.cores };
    await print(context, () =>
      withRetraining(pool, config, context, (retraining) => leakageStudy(pool, retraining, options, context.signal)),
    );
  },
});

export const studyWidth = command({
  name: 'study width',
  summary: 'What sketches cost: noise, and what greedy picks by them, by width and kind, against exact products.',
  config: widthConfig,

  async run(config, context) {
    const { widthStudy } = await import('../study/width.ts');
    const { openBaseMatrices } = await import('../pick/base-matrices.ts');
    const { environment, cores, signal } = context;
    const pool = openKnownPool(config);
    const threads = config.threads ?? cores;
    const asked = { ...config, base: config.base ?? pool.delta.base, window: pool.window, threads };
    const { matrices, shape } = await openBaseMatrices(asked, environment, signal);
    try {
      await print(context, () => widthStudy(pool, matrices, { ...config, threads, shape }, signal));
    } finally {
      await matrices.close();
    }
  },
});

export const studyOptimizer = command({
  name: 'study optimizer',
  summary: 'What the optimizer hides: tunings on the same data, each held against the same truth.',
  config: optimizerConfig,

  async run(config, context) {
    const { optimizerStudy } = await import('../study/optimizer.ts');
    const pools = config.stores.map((store) => ({ name: store, pool: openKnownPool({ ...config, store }) }));
    await print(context, async () => optimizerStudy(pools, config));
  },
});

export const studyRanking = command({
  name: 'study ranking',
  summary:
    'What documents should be ranked by: each measure on several pairs, and which the others would choose for each.',
  config: rankingConfig,

  async run({ stores, truths }, context) {
    const { rankingStudy } = await import('../study/ranking.ts');
    if (truths.length !== stores.length) {
      throw new ConfigError(`--truths: ${truths.length} files; expected one for each of the ${stores.length} stores`);
    }
    const pools = stores.map((store, i) => ({ name: store, pool: openKnownPool({ store, truth: truths[i]! }) }));
    await print(context, async () => rankingStudy(pools));
  },
});

async function withRetraining<T>(
  { delta, window, labels }: KnownPool,
  config: StrategiesConfig | SizeConfig,
  { environment, cores, signal }: Context,
  use: (retraining: Retraining) => Promise<T>,
): Promise<T> {
  const { cache, hub, token } = environment;
  const retraining = await openRetraining(
    {
      base: config.base ?? delta.base,
      checkpoints: { cache, hub, token, offline: config.offline ?? environment.offline },
      window,
      labels,
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
