/** `bytes` holding little-endian numbers. Avro's own arrays cost a boxed number each, and let a short message claim 10⁹ of them. */
import avro from 'avsc';

interface TypedArray {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
}

function numbers<T extends TypedArray>(
  make: { new (buffer: ArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
  name: string,
): typeof avro.types.LogicalType {
  return class extends avro.types.LogicalType {
    protected override _fromValue(bytes: Buffer | undefined): T {
      if (bytes === undefined) throw new RangeError(`${name}: the value ends before its bytes`);
      if (bytes.byteLength % make.BYTES_PER_ELEMENT !== 0) {
        throw new RangeError(`${name}: ${bytes.byteLength} bytes are no multiple of ${make.BYTES_PER_ELEMENT}`);
      }
      return new make(new Uint8Array(bytes).buffer); // copied: a Buffer need not be aligned
    }

    protected override _toValue(value: unknown): Buffer | undefined {
      if (!(value instanceof make)) return undefined;
      return Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
    }

    protected override _resolve(type: avro.Type): ((bytes: Buffer) => T) | undefined {
      return avro.Type.isType(type, 'bytes') ? (bytes) => this._fromValue(bytes) : undefined; // a writer's types are plain
    }
  };
}

export const logicalTypes = {
  float32s: numbers(Float32Array, 'float32s'),
  float64s: numbers(Float64Array, 'float64s'),
  int32s: numbers(Int32Array, 'int32s'),
};
