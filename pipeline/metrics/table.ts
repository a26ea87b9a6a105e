/**
 * Every metric there is, once: processes register theirs from here, and docs/metrics.md, the alerting rules and the dashboard of
 * deploy/monitoring are made from it (generate.ts).
 */
import type { AlertRule, MetricSpec } from './spec.ts';

/** Deltas that have series of their own, by id; of those beyond there are none. */
export const MOST_DELTAS = 16;
/** Characters of a delta's id in a label. */
export const DELTA_LABEL = 12;
/** Quantiles of a delta's scores that have a series each. */
export const QUANTILES = [0.5, 0.9, 0.99, 0.999, 1] as const;

const BATCH = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];
const RUNNING = ['scan', 'worker'] as const;
const STORE = ['scan', 'serve'] as const;

/** `rate` over a window that holds four scrapes at least, whatever the dashboard's zoom. */
const per = (metric: string) => `rate(${metric}[$__rate_interval])`;
const p95 = (metric: string, by: string) => `histogram_quantile(0.95, sum by (le, ${by}) (${per(`${metric}_bucket`)}))`;

export const METRICS = {
  deltasift_documents_total: {
    type: 'counter',
    help: 'Documents by stage and what became of them there: in = out + dropped + rejected; code is the reason of a drop or the code of a reject.',
    unit: 'documents',
    labels: ['stage', 'outcome', 'code'],
    from: ['scan', 'worker', 'crawl'],
    panels: [
      {
        row: 'Throughput',
        title: 'Documents a second into each stage',
        unit: 'documents/s',
        queries: [{ expr: `sum by (stage) (${per('deltasift_documents_total{outcome="in"}')})`, legend: '{{stage}}' }],
      },
      {
        row: 'Faults',
        title: 'Rejects a second by code',
        unit: 'documents/s',
        queries: [
          {
            expr: `sum by (stage, code) (${per('deltasift_documents_total{outcome="rejected"}')})`,
            legend: '{{stage}} {{code}}',
          },
        ],
      },
      {
        row: 'Faults',
        title: 'Left out a second by reason',
        unit: 'documents/s',
        queries: [
          {
            expr: `sum by (stage, code) (${per('deltasift_documents_total{outcome="dropped"}')})`,
            legend: '{{stage}} {{code}}',
          },
        ],
      },
    ],
    rules: [
      {
        alert: 'DeltasiftManyRejects',
        expr: 'sum by (stage) (rate(deltasift_documents_total{outcome="rejected"}[15m])) / sum by (stage) (rate(deltasift_documents_total{outcome="in"}[15m])) > 0.05',
        for: '15m',
        severity: 'warning',
        summary: 'Stage {{ $labels.stage }} rejects {{ $value | humanizePercentage }} of its documents',
        action: 'deltasift rejects list (of a store) or deltasift dead list (of a cluster) says why.',
      },
    ],
  },
  deltasift_messages_total: {
    type: 'counter',
    help: 'Messages handled; of a worker, committed.',
    unit: 'messages',
    labels: ['leg'],
    from: RUNNING,
    panels: [
      {
        row: 'Throughput',
        title: 'Messages a second',
        unit: 'messages/s',
        queries: [{ expr: `sum by (leg) (${per('deltasift_messages_total')})`, legend: '{{leg}}' }],
      },
    ],
  },
  deltasift_tokens_total: {
    type: 'counter',
    help: 'Tokens the model has scored.',
    unit: 'tokens',
    labels: [],
    from: RUNNING,
    panels: [
      {
        row: 'Throughput',
        title: 'Tokens a second',
        unit: 'tokens/s',
        queries: [{ expr: per('deltasift_tokens_total'), legend: '{{instance}}' }],
      },
    ],
  },
  deltasift_batch_messages: {
    type: 'histogram',
    help: 'Messages to a batch.',
    unit: 'messages',
    labels: ['leg'],
    buckets: BATCH,
    from: RUNNING,
    panels: [
      {
        row: 'Throughput',
        title: 'Messages to a batch, mean',
        unit: 'messages',
        queries: [
          {
            expr: `sum by (leg) (${per('deltasift_batch_messages_sum')}) / sum by (leg) (${per('deltasift_batch_messages_count')})`,
            legend: '{{leg}}',
          },
        ],
      },
    ],
  },
  deltasift_batch_seconds: {
    type: 'histogram',
    help: 'Time a batch took in all stages of a leg.',
    unit: 'seconds',
    labels: ['leg'],
    buckets: SECONDS,
    from: RUNNING,
    panels: [
      {
        row: 'Time',
        title: 'A batch in its leg, 95 %',
        unit: 'seconds',
        queries: [{ expr: p95('deltasift_batch_seconds', 'leg'), legend: '{{leg}}' }],
      },
    ],
  },
  deltasift_stage_seconds: {
    type: 'histogram',
    help: 'Time a batch took in one stage, its wait for the session included.',
    unit: 'seconds',
    labels: ['stage'],
    buckets: SECONDS,
    from: RUNNING,
    panels: [
      {
        row: 'Time',
        title: 'A batch in each stage, 95 %',
        unit: 'seconds',
        queries: [{ expr: p95('deltasift_stage_seconds', 'stage'), legend: '{{stage}}' }],
      },
    ],
  },
  deltasift_queue_seconds: {
    type: 'histogram',
    help: 'From the fetch of the message of a batch that waited longest to the first stage.',
    unit: 'seconds',
    labels: ['leg'],
    buckets: SECONDS,
    from: ['worker'],
    panels: [
      {
        row: 'Time',
        title: 'Messages fetched and waiting, 95 %',
        unit: 'seconds',
        queries: [{ expr: p95('deltasift_queue_seconds', 'leg'), legend: '{{leg}}' }],
      },
    ],
  },
  deltasift_session_seconds_total: {
    type: 'counter',
    help: "Time the model's session ran, on its GPU or CPU: a rate of 1 is a session that never rests.",
    unit: 'seconds',
    labels: [],
    from: RUNNING,
    panels: [
      {
        row: 'Time',
        title: 'Session: share of the time it runs',
        unit: 'share',
        queries: [{ expr: per('deltasift_session_seconds_total'), legend: '{{instance}}' }],
      },
    ],
  },
  deltasift_session_queue_seconds_total: {
    type: 'counter',
    help: 'Time that runs waited for the session while it was busy with others, added up.',
    unit: 'seconds',
    labels: [],
    from: RUNNING,
    panels: [
      {
        row: 'Time',
        title: 'Session: wait of a run, mean',
        unit: 'seconds',
        queries: [
          {
            expr: `${per('deltasift_session_queue_seconds_total')} / ${per('deltasift_session_runs_total')}`,
            legend: '{{instance}}',
          },
        ],
      },
    ],
  },
  deltasift_session_runs_total: {
    type: 'counter',
    help: 'Runs of the session.',
    unit: 'runs',
    labels: [],
    from: RUNNING,
  },
  deltasift_partitions: {
    type: 'gauge',
    help: 'Partitions that are read by this worker.',
    unit: 'partitions',
    labels: ['leg'],
    from: ['worker'],
    panels: [
      {
        row: 'Lag',
        title: 'Partitions read, by worker',
        unit: 'partitions',
        queries: [{ expr: 'deltasift_partitions', legend: '{{leg}} {{instance}}' }],
      },
    ],
  },
  deltasift_lag_messages: {
    type: 'gauge',
    help: 'Messages that wait for a leg, in all partitions; the last value known where the cluster does not answer.',
    unit: 'messages',
    labels: ['leg'],
    from: ['scan', 'worker', 'serve'],
    panels: [
      {
        row: 'Lag',
        title: 'Messages that wait',
        unit: 'messages',
        queries: [{ expr: 'max by (leg) (deltasift_lag_messages)', legend: '{{leg}}' }],
      },
    ],
    rules: [
      {
        alert: 'DeltasiftLagGrows',
        expr: 'max by (leg) (deltasift_lag_messages) > 10000 and max by (leg) (deriv(deltasift_lag_messages[30m])) > 0',
        for: '1h',
        severity: 'warning',
        summary: 'Leg {{ $labels.leg }} falls behind: {{ $value }} messages wait, and more every minute',
        action: 'Start more workers of this leg, up to as many as there are partitions.',
      },
    ],
  },
  deltasift_last_progress_seconds: {
    type: 'gauge',
    help: 'When something was last handled, in seconds since 1970: alert where it stands still while messages wait.',
    unit: 'seconds since 1970',
    labels: ['leg'],
    from: ['scan', 'worker', 'crawl'],
    panels: [
      {
        row: 'Lag',
        title: 'Since the last progress',
        unit: 'seconds',
        queries: [{ expr: 'time() - max by (leg) (deltasift_last_progress_seconds)', legend: '{{leg}}' }],
      },
    ],
    rules: [
      {
        alert: 'DeltasiftStalled',
        expr: 'time() - max by (leg) (deltasift_last_progress_seconds) > 600 and max by (leg) (deltasift_lag_messages) > 0',
        for: '5m',
        severity: 'critical',
        summary: 'Leg {{ $labels.leg }} has committed nothing for {{ $value | humanizeDuration }} while messages wait',
        action: 'Look at what its workers say; a stage that fails says so there.',
      },
    ],
  },
  deltasift_last_look_seconds: {
    type: 'gauge',
    help: 'When a source that is followed was last read to its end, in seconds since 1970.',
    unit: 'seconds since 1970',
    labels: [],
    from: ['scan'],
    panels: [
      {
        row: 'Lag',
        title: 'Since a followed source was read to its end',
        unit: 'seconds',
        queries: [{ expr: 'time() - deltasift_last_look_seconds', legend: '{{instance}}' }],
      },
    ],
  },
  deltasift_deltas: {
    type: 'gauge',
    help: 'Deltas that documents are scored against, and those that rest.',
    unit: 'deltas',
    labels: ['state'],
    from: STORE,
  },
  deltasift_scored: {
    type: 'gauge',
    help: 'Documents that the distribution of a delta is made of; of a worker, those of its partitions.',
    unit: 'documents',
    labels: ['delta'],
    from: [...RUNNING, 'serve'],
  },
  deltasift_ranking_quantile: {
    type: 'gauge',
    help: 'Quantiles of what all documents of a delta are ranked by, each to 1 % of its value; 1 is the best. Of a worker, of its partitions.',
    unit: 'score',
    labels: ['delta', 'quantile'],
    from: [...RUNNING, 'serve'],
    panels: [
      {
        row: 'Scores',
        title: 'Quantiles of the ranking by delta',
        unit: 'score',
        queries: [
          {
            expr: 'max by (delta, quantile) (deltasift_ranking_quantile)',
            legend: '{{delta}} {{quantile}}',
          },
        ],
      },
    ],
  },
  deltasift_alerts_total: {
    type: 'counter',
    help: 'What rules found, by what became of it: sent, or the reason why it was held.',
    unit: 'alerts',
    labels: ['rule', 'outcome'],
    from: RUNNING,
    panels: [
      {
        row: 'Alerts',
        title: 'Alerts an hour, by rule and outcome',
        unit: 'alerts/h',
        queries: [
          {
            expr: 'sum by (rule, outcome) (increase(deltasift_alerts_total[1h]))',
            legend: '{{rule}} {{outcome}}',
          },
        ],
      },
    ],
  },
  deltasift_told_total: {
    type: 'counter',
    help: 'Alerts that a sink was told of, by whether it took them or refused them for what they are.',
    unit: 'alerts',
    labels: ['sink', 'outcome'],
    from: RUNNING,
    panels: [
      {
        row: 'Alerts',
        title: 'Alerts an hour, by sink and outcome',
        unit: 'alerts/h',
        queries: [
          { expr: 'sum by (sink, outcome) (increase(deltasift_told_total[1h]))', legend: '{{sink}} {{outcome}}' },
        ],
      },
    ],
  },
  deltasift_rule_armed: {
    type: 'gauge',
    help: 'Whether a rule is armed for a delta.',
    unit: '0 or 1',
    labels: ['rule', 'delta'],
    from: STORE,
  },
  deltasift_outbox_alerts: {
    type: 'gauge',
    help: 'Alerts that a sink has still to be told of; of `digest`, those that are held for one. Of a cluster what its leg `deliver` has still to read.',
    unit: 'alerts',
    labels: ['sink'],
    from: [...RUNNING, 'serve'],
    panels: [
      {
        row: 'Alerts',
        title: 'Alerts that wait for a sink',
        unit: 'alerts',
        queries: [{ expr: 'max by (sink) (deltasift_outbox_alerts)', legend: '{{sink}}' }],
      },
    ],
    rules: [
      {
        alert: 'DeltasiftSinkBehind',
        expr: 'max by (sink) (min_over_time(deltasift_outbox_alerts{sink!="digest"}[15m])) > 0',
        for: '15m',
        severity: 'warning',
        summary: 'Sink {{ $labels.sink }} takes no alerts: {{ $value }} wait',
        action:
          'What the scan, or the worker of its leg, says names the answer of the sink; nothing is lost, it is tried again.',
      },
    ],
  },
  deltasift_store_bytes: {
    type: 'gauge',
    help: "Size of the store's file.",
    unit: 'bytes',
    labels: [],
    from: STORE,
    panels: [
      {
        row: 'Store and API',
        title: 'Size of the store',
        unit: 'bytes',
        queries: [{ expr: 'deltasift_store_bytes', legend: '{{instance}}' }],
      },
    ],
  },
  deltasift_request_seconds: {
    type: 'histogram',
    help: 'Time to answer a request of the API.',
    unit: 'seconds',
    labels: ['route', 'status'],
    buckets: SECONDS,
    from: ['serve'],
    panels: [
      {
        row: 'Store and API',
        title: 'Requests a second',
        unit: 'requests/s',
        queries: [
          {
            expr: `sum by (route, status) (${per('deltasift_request_seconds_count')})`,
            legend: '{{route}} {{status}}',
          },
        ],
      },
      {
        row: 'Store and API',
        title: 'Time to answer, 95 %',
        unit: 'seconds',
        queries: [{ expr: p95('deltasift_request_seconds', 'route'), legend: '{{route}}' }],
      },
    ],
    rules: [
      {
        alert: 'DeltasiftSlowApi',
        expr: 'histogram_quantile(0.99, sum by (le, route) (rate(deltasift_request_seconds_bucket[15m]))) > 1',
        for: '15m',
        severity: 'warning',
        summary: 'The API takes {{ $value | humanizeDuration }} for {{ $labels.route }}',
        action: 'Ask for shorter pages, or less often.',
      },
    ],
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

/** About a process rather than one of its metrics. */
export const PROCESS_RULES: readonly AlertRule[] = [
  {
    alert: 'DeltasiftDown',
    expr: 'up{job="deltasift"} == 0',
    for: '5m',
    severity: 'critical',
    summary: '{{ $labels.instance }} does not answer',
    action: 'Look whether it runs, and what it said last.',
  },
];

export type MetricName = keyof typeof METRICS;
