/** The subjects of a schema registry that this version writes with. */
import { currentFingerprint, registrableSchema } from '../../schemas/schemas.ts';
import { topics } from '../../schemas/topics.ts';
import type { Registry } from './registry.ts';
import type { Difference } from './topics.ts';
import { subjectOf } from './wire.ts';

/** Subjects that do not hold this version's schema. */
export async function missingSubjects(
  registry: Registry,
  prefix: string,
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  const missing: Difference[] = [];
  for (const { name, schema } of topics) {
    if (schema === null) continue;
    const subject = subjectOf(prefix + name);
    if ((await registry.idOf(subject, registrableSchema(schema), signal)) !== undefined) continue;
    missing.push({ topic: subject, what: 'schema', wanted: currentFingerprint(schema), actual: 'missing' });
  }
  return missing;
}

/**
 * Adds this version's schemas where they are missing.
 *
 * @throws ConfigError where a subject holds one that they are not compatible with; those before it were added
 */
export async function registerSubjects(registry: Registry, prefix: string, signal: AbortSignal): Promise<void> {
  for (const { name, schema } of topics) {
    if (schema !== null) await registry.register(subjectOf(prefix + name), registrableSchema(schema), signal);
  }
}
