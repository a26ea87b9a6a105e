/** `deltasift drops`: what was left out on purpose, and why. */
import { dropsConfig } from '../config/config.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import type { DropExample } from '../store/messages.ts';
import { openStore } from '../store/store.ts';
import { command } from './command.ts';

/** Examples that are shown of a reason where none is asked for. */
const SHOWN = 3;

interface Row extends DropExample {
  /** Dropped in all for this reason. */
  readonly n: number;
}

export const drops = command({
  name: 'drops',
  summary: 'Lists what was dropped on purpose: how many for each reason, and examples of them, drawn evenly.',
  config: dropsConfig,

  async run({ store: dir, reason }, { out, json }) {
    const store = openStore(dir, { readonly: true });
    try {
      const counts = store.counts().filter(({ outcome, code }) => outcome === 'dropped' && code === (reason ?? code));
      const examples = store.drops();
      const groups = counts.map(({ stage, code, n }) => ({
        stage,
        reason: code,
        n,
        examples: examples.filter((one) => one.stage === stage && one.reason === code),
      }));
      if (json) {
        out.write(`${JSON.stringify(groups)}\n`);
        return;
      }
      const rows = groups.flatMap(({ n, examples: all }) =>
        all.slice(0, reason === undefined ? SHOWN : all.length).map((one): Row => ({ ...one, n })),
      );
      out.write(table(COLUMNS, rows, out.isTerminal ? out.columns : Number.POSITIVE_INFINITY));
    } finally {
      store.close();
    }
  },
});

const COLUMNS: readonly Column<Row>[] = [
  { name: 'stage', align: 'left', cell: ({ stage }) => stage },
  { name: 'reason', align: 'left', cell: ({ reason }) => printable(reason) },
  { name: 'dropped', align: 'right', cell: ({ n }) => String(n) },
  { name: 'id', align: 'left', cell: ({ id }) => printable(id) },
  { name: 'place', align: 'left', cell: ({ origin }) => printable(origin) },
  { name: 'text', align: 'left', cell: ({ text }) => printable(text).slice(0, 60) },
];
