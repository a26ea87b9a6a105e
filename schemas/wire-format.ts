/** How a value says with which schema it was written: by its first bytes. */

/** What may be written; `none` is bare Avro. */
export const WIRE_FORMATS = ['single-object', 'confluent', 'none'] as const;
export type WireFormat = (typeof WIRE_FORMATS)[number];

/** CRC-64-AVRO of a schema: 16 hex digits, the most significant first. */
export type Fingerprint = string;

/**
 * single-object: 0xC3 0x01 and the fingerprint, little-endian (Avro 1.12, "Single-object encoding"). confluent: 0x00 and the id
 * that a schema registry gave the schema, 32 bits, big-endian. bare: Avro alone.
 *
 * The first bytes tell which it is: every schema of ours begins with a string that is never empty, so that no Avro value begins
 * with 0x00 (length 0), nor with 0xC3 0x01 (length −98).
 */
export type Framed = { readonly body: Buffer } & (
  | { readonly frame: 'single-object'; readonly fingerprint: Fingerprint }
  | { readonly frame: 'confluent'; readonly id: number }
  | { readonly frame: 'bare' }
);

const MARKER = Buffer.from([0xc3, 0x01]);
const MAGIC = 0;
const SINGLE_OBJECT_BYTES = 10;
const CONFLUENT_BYTES = 5;

export function unframe(bytes: Uint8Array): Framed {
  const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (value.length >= SINGLE_OBJECT_BYTES && value.subarray(0, 2).equals(MARKER)) {
    const fingerprint = value.readBigUInt64LE(2).toString(16).padStart(16, '0');
    return { frame: 'single-object', fingerprint, body: value.subarray(SINGLE_OBJECT_BYTES) };
  }
  if (value.length >= CONFLUENT_BYTES && value[0] === MAGIC) {
    return { frame: 'confluent', id: value.readUInt32BE(1), body: value.subarray(CONFLUENT_BYTES) };
  }
  return { frame: 'bare', body: value };
}

/** What stands before a value that was written with this schema. */
export function singleObjectPrefix(fingerprint: Fingerprint): Buffer {
  const prefix = Buffer.alloc(SINGLE_OBJECT_BYTES);
  MARKER.copy(prefix);
  prefix.writeBigUInt64LE(BigInt(`0x${fingerprint}`), 2);
  return prefix;
}

/** What stands before a value whose schema a registry has under this id. */
export function confluentPrefix(id: number): Buffer {
  const prefix = Buffer.alloc(CONFLUENT_BYTES);
  prefix.writeUInt32BE(id, 1);
  return prefix;
}
