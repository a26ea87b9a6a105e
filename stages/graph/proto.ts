/** The messages of the ONNX protobuf format, by their published field numbers. */
import protobuf from 'protobufjs';

type Rule = 'repeated' | undefined;
const field = (id: number, type: string, rule?: Rule) => (rule === undefined ? { id, type } : { id, type, rule });
const many = (id: number, type: string) => field(id, type, 'repeated');

/** int64 fields are read and written as numbers: dimensions, offsets and attributes stay below 2⁵³. */
const root = protobuf.Root.fromJSON({
  nested: {
    StringStringEntryProto: { fields: { key: field(1, 'string'), value: field(2, 'string') } },
    OperatorSetIdProto: { fields: { domain: field(1, 'string'), version: field(2, 'int64') } },
    Dimension: { fields: { dimValue: field(1, 'int64'), dimParam: field(2, 'string') } },
    TensorShapeProto: { fields: { dim: many(1, 'Dimension') } },
    TensorTypeProto: { fields: { elemType: field(1, 'int32'), shape: field(2, 'TensorShapeProto') } },
    TypeProto: { fields: { tensorType: field(1, 'TensorTypeProto') } },
    ValueInfoProto: { fields: { name: field(1, 'string'), type: field(2, 'TypeProto') } },
    TensorProto: {
      fields: {
        dims: many(1, 'int64'),
        dataType: field(2, 'int32'),
        floatData: many(4, 'float'),
        int32Data: many(5, 'int32'),
        int64Data: many(7, 'int64'),
        name: field(8, 'string'),
        rawData: field(9, 'bytes'),
        doubleData: many(10, 'double'),
        externalData: many(13, 'StringStringEntryProto'),
        dataLocation: field(14, 'int32'),
      },
    },
    AttributeProto: {
      fields: {
        name: field(1, 'string'),
        f: field(2, 'float'),
        i: field(3, 'int64'),
        s: field(4, 'bytes'),
        t: field(5, 'TensorProto'),
        g: field(6, 'GraphProto'),
        floats: many(7, 'float'),
        ints: many(8, 'int64'),
        strings: many(9, 'bytes'),
        graphs: many(11, 'GraphProto'),
        type: field(20, 'int32'),
      },
    },
    NodeProto: {
      fields: {
        input: many(1, 'string'),
        output: many(2, 'string'),
        name: field(3, 'string'),
        opType: field(4, 'string'),
        attribute: many(5, 'AttributeProto'),
        domain: field(7, 'string'),
      },
    },
    GraphProto: {
      fields: {
        node: many(1, 'NodeProto'),
        name: field(2, 'string'),
        initializer: many(5, 'TensorProto'),
        input: many(11, 'ValueInfoProto'),
        output: many(12, 'ValueInfoProto'),
        valueInfo: many(13, 'ValueInfoProto'),
      },
    },
    ModelProto: {
      fields: {
        irVersion: field(1, 'int64'),
        producerName: field(2, 'string'),
        graph: field(7, 'GraphProto'),
        opsetImport: many(8, 'OperatorSetIdProto'),
        functions: many(25, 'bytes'),
      },
    },
  },
});
const model = root.lookupType('ModelProto');

export const ELEMENT = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const;
export type Element = keyof typeof ELEMENT;
export const ATTRIBUTE = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;
export const EXTERNAL = 1;

export interface Entry {
  readonly key: string;
  readonly value: string;
}
export interface TensorProto {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly int32Data?: readonly number[];
  readonly int64Data?: readonly number[];
  readonly doubleData?: readonly number[];
  readonly externalData?: readonly Entry[];
  readonly dataLocation?: number;
}
export interface AttributeProto {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly g?: GraphProto;
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
  readonly strings?: readonly Uint8Array[];
  readonly graphs?: readonly GraphProto[];
}
export interface NodeProto {
  readonly opType: string;
  readonly name?: string;
  readonly domain?: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute?: readonly AttributeProto[];
}
export interface ValueInfoProto {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape?: { readonly dim?: readonly { readonly dimValue?: number; readonly dimParam?: string }[] };
    };
  };
}
export interface GraphProto {
  readonly name: string;
  readonly node: readonly NodeProto[];
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
}
export interface ModelProto {
  readonly irVersion: number;
  readonly producerName?: string;
  readonly graph: GraphProto;
  readonly opsetImport: readonly { readonly domain?: string; readonly version: number }[];
  readonly functions?: readonly Uint8Array[];
}

export function encodeModel(value: ModelProto): Uint8Array {
  return model.encode(model.fromObject(value)).finish();
}

/** @throws Error where the bytes are no protobuf message of this form */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return model.toObject(model.decode(bytes), { longs: Number, arrays: true }) as ModelProto;
}
