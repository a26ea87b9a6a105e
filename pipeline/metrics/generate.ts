/** Writes what is made from the table: docs/metrics.md, and the rules and the dashboard of deploy/monitoring. */
import { writeFileSync } from 'node:fs';
import { dashboard } from './dashboard.ts';
import { metricsReference } from './reference.ts';
import { rulesFile } from './rules-file.ts';

/** By path from the root of the project. */
export function generated(): Readonly<Record<string, string>> {
  return {
    'docs/metrics.md': metricsReference(),
    'deploy/monitoring/rules.yaml': rulesFile(),
    'deploy/monitoring/dashboard.json': `${JSON.stringify(dashboard(), null, 2)}\n`,
  };
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generated()))
    writeFileSync(new URL(`../../${path}`, import.meta.url), text);
}
