/** The metrics of one process as prom-client has them, registered from the table. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricSpec, Process } from './spec.ts';
import { METRICS, type MetricName } from './table.ts';

type Table = typeof METRICS;
type OfType<Type extends MetricSpec['type']> = {
  [Name in MetricName]: Table[Name]['type'] extends Type ? Name : never;
}[MetricName];
type Labels<Name extends MetricName> = Table[Name]['labels'][number];

export interface ProcessMetrics {
  readonly registry: Registry;
  counter<Name extends OfType<'counter'>>(name: Name): Counter<Labels<Name>>;
  gauge<Name extends OfType<'gauge'>>(name: Name): Gauge<Labels<Name>>;
  histogram<Name extends OfType<'histogram'>>(name: Name): Histogram<Labels<Name>>;
  /** Asked before each scrape, to bring a metric up to date. */
  onScrape(name: MetricName, update: () => void | Promise<void>): void;
}

/** All that the table says this process has, beside what prom-client says of any process of Node. */
export function registerMetrics(process: Process): ProcessMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const made = new Map<string, Counter | Gauge | Histogram>();
  const updates = new Map<string, () => void | Promise<void>>();
  for (const [name, spec] of Object.entries<MetricSpec>(METRICS)) {
    if (spec.from.includes(process)) made.set(name, metricOf(name, spec));
  }

  function metricOf(name: string, { type, help, labels, buckets = [] }: MetricSpec): Counter | Gauge | Histogram {
    const collect = async () => await updates.get(name)?.();
    const options = { name, help, labelNames: [...labels], registers: [registry], collect };
    if (type === 'counter') return new Counter(options);
    if (type === 'gauge') return new Gauge(options);
    return new Histogram({ ...options, buckets: [...buckets] });
  }

  function known(name: string): Counter | Gauge | Histogram {
    const metric = made.get(name);
    if (metric === undefined) throw new Error(`the table says that ${process} has no ${name}`);
    return metric;
  }

  return {
    registry,
    counter: (name) => known(name) as Counter,
    gauge: (name) => known(name) as Gauge,
    histogram: (name) => known(name) as Histogram,
    onScrape(name, update) {
      known(name);
      updates.set(name, update);
    },
  };
}
