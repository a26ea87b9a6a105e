/** The schemas themselves: those of this version, and all that were ever published. */
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { fingerprintOf } from './fingerprint.ts';
import { logicalTypes } from './logical-types.ts';
import type { SchemaName } from './topics.ts';
import type { Fingerprint } from './wire-format.ts';

/** As the .avsc file has it. */
export function schemaOf(name: SchemaName): avro.Schema {
  return schemaIn(`${name}.avsc`);
}

/** Reads and writes our values: typed arrays where the schema says so. */
export function typeOf(name: SchemaName): avro.Type {
  return avro.Type.forSchema(schemaOf(name), { logicalTypes });
}

/** As a registry is to have it: without words, whose change would make it another schema there. */
export function registrableSchema(name: SchemaName): unknown {
  return JSON.parse(JSON.stringify(schemaOf(name), (key, value) => (key === 'doc' ? undefined : value)));
}

const current = new Map<SchemaName, Fingerprint>();

/** Of the schema that this version writes. */
export function currentFingerprint(name: SchemaName): Fingerprint {
  const known = current.get(name) ?? fingerprintOf(avro.Type.forSchema(schemaOf(name)));
  current.set(name, known);
  return known;
}

/** A schema that some version wrote with, from published/; undefined where none did. */
export function publishedSchema(name: SchemaName, fingerprint: Fingerprint): avro.Schema | undefined {
  if (!/^[0-9a-f]{16}$/.test(fingerprint)) return undefined; // it may come from strangers
  try {
    return schemaIn(`published/${name}.${fingerprint}.avsc`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function schemaIn(file: string): avro.Schema {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as avro.Schema;
}
