/** Which schema a message was written with: its fingerprint, as the Avro specification has it. */
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import type { SchemaName } from './topics.ts';

const fingerprints = new Map<SchemaName, string>();

/** CRC-64-AVRO of the schema's parsing canonical form: 16 hex digits, the most significant first. */
export function fingerprintOf(name: SchemaName): string {
  const known = fingerprints.get(name);
  if (known !== undefined) return known;
  const made = crc64(Buffer.from(canonicalForm(schemaOf(name))))
    .toString(16)
    .padStart(16, '0');
  fingerprints.set(name, made);
  return made;
}

export function schemaOf(name: SchemaName): avro.Schema {
  return JSON.parse(readFileSync(new URL(`${name}.avsc`, import.meta.url), 'utf8')) as avro.Schema;
}

/** avsc leaves out documentation, defaults and logical types when it writes a schema, and names types in full. */
function canonicalForm(schema: avro.Schema): string {
  return JSON.stringify(avro.Type.forSchema(schema).schema());
}

/** Rabin fingerprint, Avro 1.12, section "Schema Fingerprints". */
const EMPTY = 0xc15d213aa4d7a795n;
const TABLE = Array.from({ length: 256 }, (_, i) => {
  let value = BigInt(i);
  for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (value & 1n ? EMPTY : 0n);
  return value;
});

export function crc64(bytes: Uint8Array): bigint {
  let value = EMPTY;
  for (const byte of bytes) value = (value >> 8n) ^ TABLE[Number((value ^ BigInt(byte)) & 0xffn)]!;
  return value;
}
