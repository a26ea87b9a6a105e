/** The rules of the table as a file for Prometheus. */
import { stringify } from 'yaml';
import type { AlertRule, MetricSpec } from './spec.ts';
import { METRICS, PROCESS_RULES } from './table.ts';

/** @returns YAML */
export function rulesFile(): string {
  const specs: readonly MetricSpec[] = Object.values(METRICS);
  const rules = [...PROCESS_RULES, ...specs.flatMap((spec) => spec.rules ?? [])].map(ruleOf);
  const head = '# Made from pipeline/metrics/table.ts: node pipeline/metrics/generate.ts\n';
  return head + stringify({ groups: [{ name: 'deltasift', rules }] }, { lineWidth: 0 });
}

function ruleOf({ alert, expr, for: pending, severity, summary, action }: AlertRule): object {
  return { alert, expr, for: pending, labels: { severity }, annotations: { summary, description: action } };
}
