/** `deltasift lag`: how far each leg is behind. */
import { lagConfig } from '../config/config.ts';
import { legsOf } from '../config/kafka.ts';
import type { PartitionLag } from '../kafka/lag.ts';
import { type Column, table } from '../render/table.ts';
import { command } from './command.ts';
import { withAdmin } from './kafka-admin.ts';

export const lag = command({
  name: 'lag',
  summary: 'Shows how many messages each leg has still to read, by partition.',
  config: lagConfig,

  async run({ prefix, ...config }, context) {
    const { lagOf } = await import('../kafka/lag.ts');
    const rows = await withAdmin(config, context, async (admin) => {
      const all: Row[] = [];
      for (const { name, reads } of legsOf(config)) {
        for (const one of await lagOf(admin, prefix + name, prefix + reads))
          all.push({ leg: name, topic: prefix + reads, ...one });
      }
      return all;
    });
    const { out, json } = context;
    out.write(json ? `${JSON.stringify(rows)}\n` : table(COLUMNS, rows, out.columns));
  },
});

interface Row extends PartitionLag {
  readonly leg: string;
  readonly topic: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { name: 'leg', align: 'left', cell: ({ leg }) => leg },
  { name: 'topic', align: 'left', cell: ({ topic }) => topic },
  { name: 'partition', align: 'right', cell: ({ partition }) => String(partition) },
  { name: 'next', align: 'right', cell: ({ next }) => String(next) },
  { name: 'end', align: 'right', cell: ({ end }) => String(end) },
  { name: 'lag', align: 'right', cell: (row) => String(row.lag) },
];
