/** `deltasift delta add | list | pause | resume | remove`: the deltas of a store, also while a scan runs. */
import { addDeltaConfig, listDeltasConfig, oneDeltaConfig } from '../config/config.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import { type KeptDelta, openStore, type Store } from '../store/store.ts';
import { type Context, command } from './command.ts';
import { deltaOf } from './ranking.ts';

export const addDelta = command({
  name: 'delta add',
  summary: 'Adds a tuned checkpoint of the same base to a store: its scan scores it from the next batch on.',
  config: addDeltaConfig,

  async run({ store: dir, ...asked }, context) {
    const { addDelta: add } = await import('../deltas/add.ts'); // loaded when asked for: other commands start sooner
    await beside(dir, async (store) => {
      const added = await add(store, asked, context.environment, context.signal);
      const { records } = store.records.size();
      const past = records > 0 ? `; its past: deltasift replay --store ${dir} --delta ${added.id}` : '';
      tell(context, added, `added${past}`);
    });
  },
});

export const listDeltas = command({
  name: 'delta list',
  summary: 'Lists the deltas of a store.',
  config: listDeltasConfig,

  async run({ store: dir }, { out, json }) {
    const store = openStore(dir, { readonly: true });
    try {
      const deltas = store.deltas();
      if (json) out.write(`${JSON.stringify({ deltas })}\n`);
      else out.write(table(COLUMNS, deltas, out.isTerminal ? out.columns : Number.POSITIVE_INFINITY));
    } finally {
      store.close();
    }
  },
});

export const pauseDelta = changing('pause', 'Scans leave a delta out until it is resumed.', 'paused', (store, id) =>
  store.pauseDelta(id, true),
);
export const resumeDelta = changing('resume', 'Scans score a paused delta again.', 'resumed', (store, id) =>
  store.pauseDelta(id, false),
);
export const removeDelta = changing('remove', 'Removes a delta and all that is kept of it.', 'removed', (store, id) =>
  store.removeDelta(id),
);

function changing(name: string, summary: string, done: string, change: (store: Store, id: string) => void) {
  return command({
    name: `delta ${name}`,
    summary,
    config: oneDeltaConfig,
    argument: 'id',

    async run({ store: dir, id }, context) {
      await beside(dir, async (store) => {
        const delta = deltaOf(store, id);
        change(store, delta.id);
        tell(context, delta, done);
      });
    },
  });
}

async function beside(dir: string, work: (store: Store) => Promise<void>): Promise<void> {
  const store = openStore(dir, { beside: true });
  try {
    await work(store);
  } finally {
    store.close();
  }
}

function tell({ out, json }: Context, { id, base, tuned, norm }: KeptDelta, done: string): void {
  out.write(json ? `${JSON.stringify({ delta: id, base, tuned, norm })}\n` : `delta ${id} ${done}\n`);
}

const COLUMNS: readonly Column<KeptDelta>[] = [
  { name: 'delta', align: 'left', cell: ({ id }) => id },
  { name: 'state', align: 'left', cell: ({ paused }) => (paused ? 'paused' : 'active') },
  { name: 'rank by', align: 'left', cell: ({ rankBy }) => rankBy },
  { name: '|D|', align: 'right', cell: ({ norm }) => norm.toPrecision(5) },
  { name: 'scan', align: 'left', cell: ({ id, scan }) => (scan === id ? 'its own' : scan.slice(0, 12)) },
  { name: 'tuned', align: 'left', cell: ({ tuned }) => printable(tuned) },
  { name: 'base', align: 'left', cell: ({ base }) => printable(base) },
];
