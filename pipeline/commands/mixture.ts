/** `deltasift mixture`: what the tuning data was made of, as shares of groups of the crawl. */
import { mixtureConfig } from '../config/config.ts';
import type { GroupShare } from '../pick/mixture.ts';
import { intervalText } from '../render/interval.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import { openStore } from '../store/store.ts';
import { command } from './command.ts';
import { deltaOf } from './ranking.ts';

export const mixture = command({
  name: 'mixture',
  summary:
    'Estimates what the tuning data was made of: shares of hosts, languages, labels or given groups, with intervals.',
  config: mixtureConfig,

  async run(config, context) {
    const { mixtureOf } = await import('../pick/mixture.ts'); // loaded when asked for: other commands start sooner
    const store = openStore(config.store, { readonly: true });
    try {
      const delta = deltaOf(store, config.delta);
      const groups = await mixtureOf(store, delta, config, context, context.signal);
      if (context.json) context.out.write(`${JSON.stringify({ delta: delta.id, groups })}\n`);
      else context.out.write(table(COLUMNS, groups, Number.POSITIVE_INFINITY));
    } finally {
      store.close();
    }
  },
});

const COLUMNS: readonly Column<GroupShare>[] = [
  { name: 'group', align: 'left', cell: ({ group }) => printable(group) },
  { name: 'documents seen', align: 'right', cell: ({ documents }) => String(documents) },
  { name: 'share of the tuning data', align: 'left', cell: ({ share }) => intervalText(share, 3) },
];
