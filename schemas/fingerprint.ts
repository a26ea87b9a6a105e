/** Fingerprints of schemas, as the Avro specification has them. */
import type avro from 'avsc';
import type { Fingerprint } from './wire-format.ts';

/** CRC-64-AVRO of the schema's parsing canonical form. */
export function fingerprintOf(type: avro.Type): Fingerprint {
  return crc64(Buffer.from(canonicalForm(type)))
    .toString(16)
    .padStart(16, '0');
}

/** avsc leaves out documentation, defaults and logical types when it writes a schema, and names types in full. */
function canonicalForm(type: avro.Type): string {
  return JSON.stringify(type.schema());
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
