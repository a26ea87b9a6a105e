/** `deltasift alerts`: what rules found, what they would send, and whether a sink works. */

import type { Alert } from '../../schemas/types.ts';
import { alertLine, alertSummary } from '../../stages/alert/line.ts';
import { listAlertsConfig, simulateAlertsConfig, testAlertConfig } from '../config/config.ts';
import { ConfigError } from '../error.ts';
import { printable } from '../render/printable.ts';
import { type Column, table } from '../render/table.ts';
import type { AlertQuery, AlertRecord } from '../store/alerts.ts';
import { openStore } from '../store/store.ts';
import { command } from './command.ts';
import { eitherOf } from './store-or-cluster.ts';

/** Alerts listed where it is not said how many. */
const LISTED = 50;

export const listAlerts = command({
  name: 'alerts list',
  summary:
    'Lists what rules found, the newest first, and why some were held, of a store or with --brokers of a cluster; with --json in full.',
  config: listAlertsConfig,

  async run({ store, brokers, k = LISTED, rule, ...config }, { out, json, environment, signal }) {
    const of = eitherOf({ store, brokers });
    let alerts: readonly AlertRecord[];
    if ('store' in of) alerts = alertsIn(of.store, { limit: k, rule });
    else {
      const { glimpse } = await import('../gather/glimpse.ts'); // loaded when asked for: other commands start sooner
      const all = (dir: string) => alertsIn(dir, { rule });
      const found = await glimpse({ ...config, ...of }, { topics: ['alerts'] }, environment, all, signal);
      alerts = found.toSorted((a, b) => b.at - a.at).slice(0, k); // partitions were read one by one
    }
    if (json) out.write(`${JSON.stringify(alerts.map(({ number: _, ...alert }) => alertLine(alert)))}\n`);
    else out.write(table(COLUMNS, alerts, out.isTerminal ? out.columns : Number.POSITIVE_INFINITY));
  },
});

function alertsIn(dir: string, query: AlertQuery): readonly AlertRecord[] {
  const store = openStore(dir, { readonly: true });
  try {
    return store.alerts.list(query);
  } finally {
    store.close();
  }
}

export const testAlert = command({
  name: 'alerts test',
  summary: 'Sends a sample of a rule to each of its sinks, once, and says which took it.',
  config: testAlertConfig,
  argument: 'rule',

  async run({ rule: name, ...config }, { out, json, signal, folder, clock }) {
    const [{ openAlerting }, { sinkTools }, { sampleOf }] = await Promise.all([
      import('../alerts/alerting.ts'), // loaded when asked for: other commands start sooner
      import('../alerts/sink-tools.ts'),
      import('../../stages/alert/sample.ts'),
    ]);
    const alerting = await openAlerting(config, sinkTools({ folder, clock, write: (text) => out.write(text) }));
    try {
      const rule = alerting.rules.find((one) => one.name === name);
      if (rule === undefined) {
        const there = alerting.rules.map((one) => one.name).join(', ') || 'none';
        throw new ConfigError(
          `no rule is called ${name}: expected one of \`alerts\` in the config, which are ${there}`,
        );
      }
      const sinks = alerting.sinks.filter((sink) => rule.sinks?.includes(sink.name) ?? true);
      if (sinks.length === 0) throw new ConfigError('the config has no sinks: there is nobody to send a sample to');
      const results: { sink: string; error: string | null }[] = [];
      for (const { name: sink, sink: told } of sinks) {
        const error = await told.send(sampleOf(rule, clock()), signal).then(
          () => null,
          ({ message }: Error) => message,
        );
        results.push({ sink, error });
      }
      const lines = results.map(({ sink, error }) => `${sink}: ${error === null ? 'took it' : printable(error)}\n`);
      out.write(json ? `${JSON.stringify(results)}\n` : lines.join(''));
      const failed = results.filter(({ error }) => error !== null);
      if (failed.length > 0) throw new ConfigError(`not told: ${failed.map(({ sink }) => sink).join(', ')}`);
    } finally {
      await alerting.close();
    }
  },
});

export const simulateAlerts = command({
  name: 'alerts simulate',
  summary:
    'Says what the rules would have sent of the documents kept as the best, with their thresholds as they are now.',
  config: simulateAlertsConfig,

  async run({ store: dir, since, ...config }, { out, err, json, quiet, signal, folder, clock }) {
    const [{ openAlerting }, { sinkTools }, { simulate }] = await Promise.all([
      import('../alerts/alerting.ts'), // loaded when asked for: other commands start sooner
      import('../alerts/sink-tools.ts'),
      import('../alerts/simulate.ts'),
    ]);
    const alerting = await openAlerting(config, sinkTools({ folder, clock, write: (text) => out.write(text) }));
    const store = openStore(dir, { readonly: true });
    try {
      const { alerts, notes } = await simulate(store, alerting.rules, since, signal);
      if (!quiet) for (const note of notes) err.write(`note: ${note}\n`);
      if (json) out.write(`${JSON.stringify(alerts.map(alertLine))}\n`);
      else out.write(table(COLUMNS, alerts, out.isTerminal ? out.columns : Number.POSITIVE_INFINITY));
    } finally {
      store.close();
      await alerting.close();
    }
  },
});

const COLUMNS: readonly Column<Alert>[] = [
  { name: 'at', align: 'left', cell: ({ at }) => (at === 0 ? '' : new Date(at * 1000).toISOString()) },
  { name: 'rule', align: 'left', cell: ({ rule }) => rule },
  { name: 'held', align: 'left', cell: ({ held }) => held },
  { name: 'what', align: 'left', cell: (alert) => printable(alertSummary(alert)) },
];
