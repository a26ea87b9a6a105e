/** `deltasift status`: how far a store's scans are, what waits, and what the rules ask for. */
import { statusConfig } from '../config/config.ts';
import { standOf } from '../legs/tally.ts';
import { printable } from '../render/printable.ts';
import { openView } from '../store/view.ts';
import { command } from './command.ts';

export const status = command({
  name: 'status',
  summary:
    'Says how far the scans of a store are, what waits, what rules ask for, and how large the file is; also while one runs.',
  config: statusConfig,

  async run({ store: dir }, { out, json }) {
    const view = openView(dir);
    try {
      const report = {
        read: view.read(),
        ...standOf(view.store.counts()),
        deltas: view.store
          .deltas()
          .map(({ id, base, tuned, keep }) => ({ id, base, tuned, keep, kept: view.size(id, 'top') })),
        waiting: view.waiting(),
        rules: view.store.alerts.rules(),
        found: view.store.alerts.counts(),
        bytes: view.bytes(),
      };
      out.write(json ? `${JSON.stringify(report)}\n` : words(report));
    } finally {
      view.close();
    }
  },
});

function words({ read, scored, dropped, rejected, deltas, waiting, rules, found, bytes }: Report): string {
  return [
    `${read} records read, ${scored} scored, ${dropped} dropped, ${rejected} rejected`,
    ...deltas.map(
      ({ id, base, tuned, kept }) =>
        `delta ${id.slice(0, 12)}  ${printable(base)} -> ${printable(tuned)}, ${kept} documents kept`,
    ),
    ...waiting.map(({ topic, group, messages }) => `${topic}: ${messages} wait for ${group}`),
    ...rules.map(({ rule, delta, armed, threshold, seen, needed, extrapolated }) => {
      const asks = armed
        ? `armed, above ${threshold?.toPrecision(4)}${extrapolated ? ' (extrapolated)' : ''}`
        : `arms after ${needed} documents, ${seen} seen`;
      return `rule ${rule} of ${delta.slice(0, 12)}: ${asks}`;
    }),
    ...found.map(({ rule, held, n }) => `rule ${rule}: ${n} ${held === '' ? 'sent' : `held (${held})`}`),
    `${(bytes / 2 ** 20).toFixed(1)} MiB`,
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
    readonly kept: number;
  }[];
  readonly waiting: ReturnType<ReturnType<typeof openView>['waiting']>;
  readonly rules: ReturnType<ReturnType<typeof openView>['store']['alerts']['rules']>;
  readonly found: ReturnType<ReturnType<typeof openView>['store']['alerts']['counts']>;
  readonly bytes: number;
}
