/** What a message of somebody else's topic holds, by the format of its value. */
import { isUtf8 } from 'node:buffer';
import avro from 'avsc';
import { type CrawledDocument, Drop, Reject, type TopicMessage } from '../../../pipeline/contract.ts';
import type { Fields } from '../document/fields.ts';
import { documentIn, documentOf, valueAt } from '../document/record.ts';

/** The document in a message; `unnamed` is the id of one that has none. */
export type ValueReader = (
  message: TopicMessage & { readonly value: Buffer },
  unnamed: string,
  signal: AbortSignal,
) => Promise<CrawledDocument | Reject | Drop>;

export function jsonValue(fields: Fields): ValueReader {
  return async ({ value }, unnamed) =>
    isUtf8(value) ? documentOf(value.toString(), fields, unnamed) : new Reject('undecodable-text', NOT_UTF8);
}

export const textValue: ValueReader = async ({ value }, unnamed) => {
  if (!isUtf8(value)) return new Reject('undecodable-text', NOT_UTF8);
  const text = value.toString();
  return text === '' ? new Drop('empty') : { id: unnamed, url: null, text, extraction: 'plain' };
};

const NOT_UTF8 = 'the value is not valid UTF-8';

/** Confluent's wire format: a 0, the id of the schema in 4 bytes, the value. */
const MAGIC = 0;
const HEADER = 5;

export function avroValue(
  fields: Fields,
  registry: { schema(id: number, signal: AbortSignal): Promise<unknown> },
): ValueReader {
  const types = new Map<number, avro.Type | Reject>();

  async function typeOf(id: number, signal: AbortSignal): Promise<avro.Type | Reject> {
    const known = types.get(id);
    if (known !== undefined) return known;
    const schema = await registry.schema(id, signal);
    if (schema === undefined) return new Reject('unknown-schema', `the registry has no Avro schema ${id}`); // it may come
    const type = parsed(schema);
    types.set(id, type);
    return type;
  }

  return async ({ value }, unnamed, signal) => {
    if (value.length < HEADER || value[0] !== MAGIC) {
      return new Reject('undecodable-message', 'expected a 0 and the id of a schema of the registry before the value');
    }
    const type = await typeOf(value.readUInt32BE(1), signal);
    if (type instanceof Reject) return type;
    try {
      const record: unknown = type.fromBuffer(value.subarray(HEADER));
      if (typeof record !== 'object' || record === null)
        return new Reject('malformed-record', 'the value is no record');
      return documentIn(record, fields, unnamed, () => valueAt(record, fields.id));
    } catch (error) {
      return new Reject('undecodable-message', (error as Error).message);
    }
  };
}

/** Avro's 64-bit integers as bigint: ids keep all of their digits. */
const long = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : Number(a > b)),
});

function parsed(schema: unknown): avro.Type | Reject {
  try {
    return avro.Type.forSchema(schema as avro.Schema, { registry: { long }, wrapUnions: false });
  } catch (error) {
    return new Reject('unknown-schema', `the schema cannot be read as Avro: ${(error as Error).message}`);
  }
}
