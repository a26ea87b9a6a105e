/** What is said of a metric in table.ts. */
export type Process = 'scan' | 'worker' | 'crawl' | 'serve';

export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly unit: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
  /** Commands that have it. */
  readonly from: readonly Process[];
  readonly panels?: readonly Panel[];
  readonly rules?: readonly AlertRule[];
}

/** One chart of the dashboard. */
export interface Panel {
  /** Heading that it stands under. */
  readonly row: string;
  readonly title: string;
  readonly unit: string;
  /** PromQL; `$__rate_interval` is Grafana's. */
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
}

/** A rule for Prometheus. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: 'warning' | 'critical';
  readonly summary: string;
  /** What to do. */
  readonly action: string;
}
