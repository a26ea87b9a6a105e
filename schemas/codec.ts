/** Avro bytes to the generated types and back. The .avsc files are the truth. */
import { readFileSync } from 'node:fs';
import avro from 'avsc';
import type { Count, Document, Gradients, Score, Selection, Tokens } from './types.ts';

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

function codec<T>(name: string): Codec<T> {
  const schema: unknown = JSON.parse(readFileSync(new URL(`${name}.avsc`, import.meta.url), 'utf8'));
  const type = avro.Type.forSchema(schema as avro.Schema, { logicalTypes });
  return {
    name,
    encode: (value) => type.toBuffer(value),
    // avsc's own record class stays inside
    decode: (bytes) => ({ ...type.fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) }) as T,
  };
}

export const documentCodec: Codec<Document> = codec('document');
export const tokensCodec: Codec<Tokens> = codec('tokens');
export const gradientsCodec: Codec<Gradients> = codec('gradients');
export const scoreCodec: Codec<Score> = codec('score');
export const selectionCodec: Codec<Selection> = codec('selection');
export const countCodec: Codec<Count> = codec('count');
