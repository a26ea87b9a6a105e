import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { generated } from '../../../pipeline/metrics/generate.ts';
import { registerMetrics } from '../../../pipeline/metrics/register.ts';
import type { MetricSpec, Process } from '../../../pipeline/metrics/spec.ts';
import { METRICS, PROCESS_RULES } from '../../../pipeline/metrics/table.ts';

const specs = Object.entries<MetricSpec>(METRICS);
const rules = [...PROCESS_RULES, ...specs.flatMap(([, spec]) => spec.rules ?? [])];
const panels = specs.flatMap(([, spec]) => spec.panels ?? []);

describe('the table of metrics', () => {
  test('is what docs/metrics.md, the rules and the dashboard say', () => {
    for (const [path, text] of Object.entries(generated())) {
      const there = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
      assert.ok(there === text, `${path}: write it again: node pipeline/metrics/generate.ts`);
    }
  });

  test('names metrics as Prometheus has it: counters end in _total, units are base units, helps are sentences', () => {
    for (const [name, { type, help, unit, labels }] of specs) {
      assert.match(name, /^deltasift_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      if (unit === 'seconds' || unit === 'bytes') assert.match(name, new RegExp(`_${unit}(_total)?$`));
      assert.match(help, /^[A-Z].*\.$/, name);
      for (const label of labels) assert.match(label, /^[a-z]+$/);
    }
  });

  test('is what each process registers, and nothing else', () => {
    for (const process of ['scan', 'worker', 'crawl', 'serve'] satisfies Process[]) {
      const own = registerMetrics(process)
        .registry.getMetricsAsArray()
        .flatMap(({ name }) => (name.startsWith('deltasift_') ? [name] : []));
      assert.deepEqual(
        own,
        specs.flatMap(([name, { from }]) => (from.includes(process) ? [name] : [])),
      );
    }
  });

  test('has rules and panels that ask for metrics that are there, and no two rules of a name', () => {
    const asked = [
      ...rules.map(({ expr }) => expr),
      ...panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)),
    ];
    for (const expr of asked) {
      for (const [name] of expr.matchAll(/deltasift_\w+/g)) {
        const of = name.replace(/_(bucket|sum|count)$/, '');
        assert.ok(name in METRICS || METRICS[of as keyof typeof METRICS]?.type === 'histogram', `${name} in ${expr}`);
      }
    }
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  });
});
