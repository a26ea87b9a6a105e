/** `deltasift delta add | list | pause | resume | remove`: the deltas of a store or a cluster, also while they are scored. */
import type { Delta } from '../../schemas/types.ts';
import { addDeltaConfig, listDeltasConfig, oneDeltaConfig } from '../config/config.ts';
import type { DeltaToAdd } from '../deltas/add.ts';
import type { DeltaCluster } from '../deltas/open-set.ts';
import type { DeltaSet } from '../kafka/delta-set.ts';
import type { WorkerReport } from '../kafka/worker-reports.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import { type KeptDelta, openStore, type Store } from '../store/store.ts';
import { type Context, command } from './command.ts';
import { deltaOf } from './ranking.ts';

export const addDelta = command({
  name: 'delta add',
  summary:
    'Adds a tuned checkpoint of the same base to a store, or without --store to a cluster: it is scored from the next batch on.',
  config: addDeltaConfig,

  async run({ store: dir, ...asked }, context) {
    if (dir === undefined) return await onCluster(asked, context, ({ set, add }) => add(set, asked), 'added');
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
  summary: 'Lists the deltas of a store, or without --store those of a cluster and what each worker makes of them.',
  config: listDeltasConfig,

  async run({ store: dir, ...cluster }, context) {
    const { out, json } = context;
    if (dir === undefined) return await listCluster(cluster, context);
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

/** What becomes of a delta of a cluster, by what is said to be done. */
const STATES = { paused: 'paused', resumed: 'active', removed: 'removed' } as const;

function changing(
  name: string,
  summary: string,
  done: keyof typeof STATES,
  change: (store: Store, id: string) => void,
) {
  return command({
    name: `delta ${name}`,
    summary,
    config: oneDeltaConfig,
    argument: 'id',

    async run({ store: dir, id, ...cluster }, context) {
      if (dir === undefined)
        return await onCluster(cluster, context, ({ set, turn }) => turn(set, id, STATES[done]), done);
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

/** Loaded when asked for: other commands start sooner. */
async function onCluster(
  cluster: DeltaCluster,
  context: Context,
  work: (tools: {
    readonly set: DeltaSet;
    add(set: DeltaSet, asked: DeltaToAdd): Promise<Delta>;
    turn(set: DeltaSet, id: string, state: (typeof STATES)[keyof typeof STATES]): Promise<Delta>;
  }) => Promise<Delta>,
  done: string,
): Promise<void> {
  const { environment, clock, signal } = context;
  const [{ addToCluster, changeOnCluster }, { openSet }] = await Promise.all([
    import('../deltas/change-cluster.ts'),
    import('../deltas/open-set.ts'),
  ]);
  const { set } = await openSet(cluster, environment, signal);
  try {
    const delta = await work({
      set,
      add: (to, asked) => addToCluster(to, asked, { environment, clock }, signal),
      turn: (of, id, state) => changeOnCluster(of, id, state, clock, signal),
    });
    tell(context, delta, done);
  } finally {
    await set.close();
  }
}

async function listCluster(config: DeltaCluster, context: Context): Promise<void> {
  const { environment, out, json, clock, signal } = context;
  const [{ readReports, SILENT_SECONDS }, { present }, { openSet }] = await Promise.all([
    import('../kafka/worker-reports.ts'),
    import('../deltas/change-cluster.ts'),
    import('../deltas/open-set.ts'),
  ]);
  const { set, cluster } = await openSet(config, environment, signal);
  try {
    const deltas = present(set);
    const reports = await readReports(cluster, signal);
    const workers = reports.map((report) => ({ ...report, silent: clock() - report.at > SILENT_SECONDS }));
    if (json) return void out.write(`${JSON.stringify({ deltas, workers })}\n`);
    const width = out.isTerminal ? out.columns : Number.POSITIVE_INFINITY;
    out.write(table(CLUSTER_COLUMNS, deltas, width));
    const lines = workers.flatMap((worker) => deltas.map((delta) => ({ ...worker, delta })));
    out.write(
      lines.length === 0 ? '\nno worker has said what it scores\n' : `\n${table(WORKER_COLUMNS, lines, width)}`,
    );
  } finally {
    await set.close();
  }
}

function tell({ out, json }: Context, { id, base, tuned, norm }: Named, done: string): void {
  out.write(json ? `${JSON.stringify({ delta: id, base, tuned, norm })}\n` : `delta ${id} ${done}\n`);
}

type Named = Pick<Delta, 'id' | 'base' | 'tuned' | 'norm'>;

const CLUSTER_COLUMNS: readonly Column<Delta>[] = [
  { name: 'delta', align: 'left', cell: ({ id }) => id },
  { name: 'state', align: 'left', cell: ({ state }) => printable(state) },
  { name: 'rank by', align: 'left', cell: ({ rankBy }) => printable(rankBy) },
  { name: '|D|', align: 'right', cell: ({ norm }) => norm.toPrecision(5) },
  { name: 'changed', align: 'left', cell: ({ changedAt }) => printable(changedAt.slice(0, 19)) },
  { name: 'tuned', align: 'left', cell: ({ tuned }) => printable(tuned) },
  { name: 'base', align: 'left', cell: ({ base }) => printable(base) },
];

interface WorkerLine extends WorkerReport {
  readonly silent: boolean;
  readonly delta: Delta;
}

const WORKER_COLUMNS: readonly Column<WorkerLine>[] = [
  { name: 'worker', align: 'left', cell: ({ worker }) => printable(worker) },
  { name: 'legs', align: 'left', cell: ({ legs }) => printable(legs.join(' ')) },
  { name: 'delta', align: 'left', cell: ({ delta }) => delta.id.slice(0, 12) },
  { name: 'there', align: 'left', cell: (line) => printable(saidOf(line)) },
];

function saidOf({ silent, deltas, delta: { id, state } }: WorkerLine): string {
  if (silent) return 'not heard of for minutes: it is gone, or does not reach the cluster';
  const why = deltas[id];
  if (why === '') return state === 'active' ? 'scored' : 'scored until the next batch';
  if (why !== undefined) return `left out: ${why}`;
  return state === 'active' ? 'taken up with the next batch' : '';
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
