/** docs/metrics.md. */
import { markdownTable } from '../render/markdown.ts';
import type { MetricSpec, Process } from './spec.ts';
import { DELTA_LABEL, METRICS, MOST_DELTAS, PROCESS_RULES, QUANTILES } from './table.ts';

const PROCESSES: readonly Process[] = ['scan', 'worker', 'crawl', 'serve'];

export function metricsReference(): string {
  const specs = Object.entries<MetricSpec>(METRICS);
  return [
    '# Metrics',
    '',
    'Made from pipeline/metrics/table.ts by `node pipeline/metrics/generate.ts`, as are',
    '[rules.yaml](../deploy/monitoring/rules.yaml) for Prometheus and [dashboard.json](../deploy/monitoring/dashboard.json) for Grafana, which asks',
    'at import which Prometheus it is to read. Rules and panels expect the job name `deltasift`.',
    '',
    '`--metrics [HOST:]PORT` serves `/metrics`, and `/healthz` and `/readyz` beside it, of the commands `scan`, `worker`, `crawl` and',
    '`serve`. Who has what:',
    '',
    ...markdownTable(
      ['metric', 'type', 'labels', 'unit', ...PROCESSES, 'what it is'],
      specs.map(([name, spec]) => row(name, spec)),
    ),
    '',
    "Beside them are prom-client's own metrics of a Node process (`process_*`, `nodejs_*`): CPU, memory, event loop, garbage collection.",
    '',
    `Labels are bounded. \`delta\` is the first ${DELTA_LABEL} characters of an id, of the ${MOST_DELTAS} first deltas by id; \`quantile\` is one of`,
    `${QUANTILES.join(', ')}; \`stage\`, \`leg\`, \`code\` and \`route\` are those there are, and \`rule\` and \`sink\` those of the config.`,
    '',
    'A scan reads documents and alerts from its store, so these go on over restarts; workers count what they have committed since they',
    'started. All workers know the same lag, and a scan and a server of one store say the same of it: take the maximum, not the sum.',
    '',
    '## Rules',
    '',
    ...markdownTable(
      ['alert', 'for', 'severity', 'when'],
      [...PROCESS_RULES, ...specs.flatMap(([, { rules = [] }]) => rules)].map(
        ({ alert, expr, for: pending, severity }) => [alert, pending, severity, `\`${expr}\``],
      ),
    ),
    '',
  ].join('\n');
}

function row(name: string, { type, labels, unit, from, help }: MetricSpec): readonly string[] {
  const has = PROCESSES.map((process) => (from.includes(process) ? 'x' : ''));
  return [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), unit, ...has, help];
}
