/** Avro bytes to the generated types and back. The .avsc files are the truth. */
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import type { Alert, Count, Document, Gradients, Score, Selection, Tokens } from './types.ts';

export interface Codec<T> {
  readonly name: string;
  encode(value: T): Buffer;
  /** @throws RangeError or Error where the bytes are no value of the schema */
  decode(bytes: Uint8Array): T;
}

interface TypedArray {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** `bytes` holding little-endian numbers. Avro's own arrays cost a boxed number each, and let a short message claim 10⁹ of them. */
function numbers<T extends TypedArray>(
  make: { new (buffer: ArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
  name: string,
): typeof avro.types.LogicalType {
  return class extends avro.types.LogicalType {
    protected override _fromValue(bytes: Buffer): T {
      if (bytes.byteLength % make.BYTES_PER_ELEMENT !== 0) {
        throw new RangeError(`${name}: ${bytes.byteLength} bytes are no multiple of ${make.BYTES_PER_ELEMENT}`);
      }
      return new make(new Uint8Array(bytes).buffer); // copied: a Buffer need not be aligned
    }

    protected override _toValue(value: unknown): Buffer | undefined {
      if (!(value instanceof make)) return undefined;
      return Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
    }
  };
}

const logicalTypes = {
  float32s: numbers(Float32Array, 'float32s'),
  float64s: numbers(Float64Array, 'float64s'),
  int32s: numbers(Int32Array, 'int32s'),
};

interface Field {
  readonly name: string;
  /** The version of the schema that it came with; 1 where it does not say. */
  readonly since?: number;
}

interface Version {
  readonly type: avro.Type;
  /** Values of the fields that it lacks. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** The newest first. */
function versionsOf(schema: { readonly fields: readonly Field[] }): readonly [Version, ...Version[]] {
  const numbers = new Set(schema.fields.map(({ since = 1 }) => since));
  const newest = avro.Type.forSchema(schema as unknown as avro.Schema, { logicalTypes }) as avro.types.RecordType;
  const versions = [...numbers]
    .sort((a, b) => b - a)
    .map((version) => {
      const has = ({ since = 1 }: Field) => since <= version;
      const fields = schema.fields.filter(has);
      const missing = schema.fields.filter((field) => !has(field));
      return {
        type: avro.Type.forSchema({ ...schema, fields } as avro.Schema, { logicalTypes }),
        defaults: Object.fromEntries(missing.map(({ name }) => [name, newest.field(name)!.defaultValue()])),
      };
    });
  return versions as [Version, ...Version[]];
}

/**
 * Fields are only added behind those there are: what an older version wrote ends before them, and is no whole value of a newer
 * one. So bytes are of the newest version under which they are whole.
 */
function codec<T>(name: string): Codec<T> {
  const schema = JSON.parse(readFileSync(new URL(`${name}.avsc`, import.meta.url), 'utf8')) as { fields: Field[] };
  const [newest, ...older] = versionsOf(schema);

  function read({ type, defaults }: Version, bytes: Buffer): T {
    return { ...type.fromBuffer(bytes), ...defaults } as T; // avsc's own record class stays inside
  }

  return {
    name,
    encode: (value) => newest.type.toBuffer(value),
    decode({ buffer, byteOffset, byteLength }) {
      const bytes = Buffer.from(buffer, byteOffset, byteLength);
      try {
        return read(newest, bytes);
      } catch (error) {
        for (const version of older) {
          try {
            return read(version, bytes);
          } catch {}
        }
        throw error;
      }
    },
  };
}

export const documentCodec: Codec<Document> = codec('document');
export const tokensCodec: Codec<Tokens> = codec('tokens');
export const gradientsCodec: Codec<Gradients> = codec('gradients');
export const scoreCodec: Codec<Score> = codec('score');
export const selectionCodec: Codec<Selection> = codec('selection');
export const countCodec: Codec<Count> = codec('count');
export const alertCodec: Codec<Alert> = codec('alert');
