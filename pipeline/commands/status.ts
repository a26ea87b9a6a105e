/** `deltasift status`: how far the scans of a store or the legs of a cluster are, what waits, and what the rules ask for. */
import { statusConfig } from '../config/config.ts';
import { legsOf } from '../config/kafka.ts';
import { standOf } from '../legs/tally.ts';
import { printable } from '../render/printable.ts';
import { openView } from '../store/view.ts';
import { command } from './command.ts';
import { eitherOf } from './store-or-cluster.ts';

export const status = command({
  name: 'status',
  summary:
    'Says how far the scans of a store are, or with --brokers the legs of a cluster, what waits, what rules ask for, and how large the file is; also while they run.',
  config: statusConfig,

  async run({ store, brokers, ...config }, { out, json, environment, signal }) {
    const of = eitherOf({ store, brokers });
    let report: Report;
    if ('store' in of) report = inStore(of.store);
    else {
      const { glimpse } = await import('../gather/glimpse.ts'); // loaded when asked for: other commands start sooner
      const asked = { topics: ['deltas', 'counts', 'cursors', 'rules', 'alerts'], legs: legsOf(config) };
      report = await glimpse({ ...config, ...of }, asked, environment, onCluster, signal);
    }
    out.write(json ? `${JSON.stringify(report)}\n` : words(report));
  },
});

function inStore(dir: string): Report {
  const view = openView(dir);
  try {
    return {
      read: view.read(),
      ...standOf(view.store.counts()),
      deltas: view.store.deltas().map(({ id, base, tuned, keep, paused }) => {
        return { id, base, tuned, keep, paused, kept: view.size(id, 'top') };
      }),
      waiting: view.waiting(),
      rules: view.store.alerts.rules(),
      found: view.store.alerts.counts(),
      bytes: view.bytes(),
    };
  } finally {
    view.close();
  }
}

/** What documents are kept, and in how many bytes, is not looked up. */
function onCluster(dir: string): Report {
  const { bytes: _, deltas, waiting, ...report } = inStore(dir);
  return {
    ...report,
    deltas: deltas.map(({ kept: __, ...delta }) => delta),
    waiting: waiting.map((one) => ({ ...one, topic: one.topic.replace('kafka:', '') })),
  };
}

function words({ read, scored, dropped, rejected, deltas, waiting, rules, found, bytes }: Report): string {
  return [
    `${read} records read, ${scored} scored, ${dropped} dropped, ${rejected} rejected`,
    ...deltas.map(({ id, base, tuned, paused, kept }) => {
      const more = [...(paused ? ['paused'] : []), ...(kept === undefined ? [] : [`${kept} documents kept`])];
      return [`delta ${id.slice(0, 12)}  ${printable(base)} -> ${printable(tuned)}`, ...more].join(', ');
    }),
    ...waiting.map(({ topic, group, messages }) => `${topic}: ${messages} wait for ${group}`),
    ...rules.map(({ rule, delta, armed, threshold, seen, needed, extrapolated }) => {
      const asks = armed
        ? `armed, above ${threshold?.toPrecision(4)}${extrapolated ? ' (extrapolated)' : ''}`
        : `arms after ${needed} documents, ${seen} seen`;
      return `rule ${rule} of ${delta.slice(0, 12)}: ${asks}`;
    }),
    ...found.map(({ rule, held, n }) => `rule ${rule}: ${n} ${held === '' ? 'sent' : `held (${held})`}`),
    ...(bytes === undefined ? [] : [`${(bytes / 2 ** 20).toFixed(1)} MiB`]),
    '',
  ].join('\n');
}

interface Report {
  readonly read: number;
  readonly scored: number;
  readonly dropped: number;
  readonly rejected: number;
  readonly deltas: readonly {
    readonly id: string;
    readonly base: string;
    readonly tuned: string;
    readonly keep: number;
    readonly paused: boolean;
    readonly kept?: number;
  }[];
  readonly waiting: ReturnType<ReturnType<typeof openView>['waiting']>;
  readonly rules: ReturnType<ReturnType<typeof openView>['store']['alerts']['rules']>;
  readonly found: ReturnType<ReturnType<typeof openView>['store']['alerts']['counts']>;
  /** Of the store's file. */
  readonly bytes?: number;
}
