/** Builds an ONNX model node by node; weights stay in the checkpoint's own files, as external data. */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import {
  ATTRIBUTE,
  type AttributeProto,
  ELEMENT,
  type Element,
  EXTERNAL,
  encodeModel,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './proto.ts';

const OPSET = 17;
/** From this version on every reduction takes its axes as an input; before, only ReduceSum does. */
const AXES_AS_INPUT = 18;
const IR_VERSION = 8;

/** Marks a whole number as a FLOAT attribute: `{ alpha: float(1) }`. */
export interface FloatAttribute {
  readonly float: number;
}
export const float = (value: number): FloatAttribute => ({ float: value });

/** Whole numbers are INT, others FLOAT, lists of whole numbers INTS. */
export type Attribute = number | string | FloatAttribute | readonly number[];
export type Attributes = Readonly<Record<string, Attribute>>;
/** A name stands for a dimension known only at run time. */
export type Shape = readonly (number | string)[];

/** A matrix of a checkpoint, rows of one, or of the difference of two. */
export interface Matrix {
  readonly tensor: LocalTensor;
  /** What is taken from it. */
  readonly less?: LocalTensor;
  readonly rows?: readonly [number, number];
  /** It stands as [out,in], as a Linear's and a head's do; else as [in,out]. */
  readonly transposed: boolean;
}

/** Values are known by their names; every call that makes one returns its name. */
export interface Graph {
  input(name: string, type: Element, shape: Shape): string;
  output(value: string, name: string, type: Element, shape: Shape): void;
  node(op: string, inputs: readonly string[], attributes?: Attributes, domain?: string): string;
  /** For operators with several outputs. */
  nodes(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Attributes,
    domain?: string,
  ): readonly string[];
  floats(values: ArrayLike<number>, shape: readonly number[]): string;
  ints(values: readonly number[], shape?: readonly number[]): string;
  /** Any initializer, given as its little-endian bytes. */
  constant(type: Element, shape: readonly number[], bytes: Uint8Array): string;
  /** Rows [from, to) of a checkpoint's tensor as float32; the same arguments give the same value. */
  weight(tensor: LocalTensor, rows?: readonly [number, number]): string;
  /** x M + b for x [N,in] and a bias b [out]; in what precision, the graph decides. */
  product(x: string, matrix: Matrix, bias?: LocalTensor): string;
  /** tensor[indices] as float32: the stored type is cast after the gather, so that no second copy of the tensor is made. */
  gather(tensor: LocalTensor, indices: string): string;
  /** Adds nodes and initializers made elsewhere, for that opset; their names must not begin with a digit. */
  append(nodes: readonly NodeProto[], initializers: readonly TensorProto[], opset?: number): void;
  finish(): Uint8Array;
}

const STORED: Readonly<Record<LocalTensor['dtype'], Element>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

export function graph(name: string): Graph {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const inputs: ValueInfoProto[] = [];
  const outputs: ValueInfoProto[] = [];
  const domains = new Set<string>();
  /** Constants and weights by what they are, so that none is there twice. */
  const known = new Map<string, string>();
  let opset = OPSET;
  let count = 0;
  const fresh = (hint: string) => `${count++}:${hint}`;

  function once(identity: string, make: () => string): string {
    const found = known.get(identity);
    if (found !== undefined) return found;
    const made = make();
    known.set(identity, made);
    return made;
  }

  function nodesOf(
    op: string,
    ins: readonly string[],
    outs: number,
    attributes: Attributes = {},
    domain = '',
  ): readonly string[] {
    const output = Array.from({ length: outs }, () => fresh(op));
    if (domain !== '') domains.add(domain);
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    nodes.push({ opType: op, domain, input: ins, output, attribute });
    return output;
  }
  const nodeOf: Graph['node'] = (op, ins, attributes, domain) => nodesOf(op, ins, 1, attributes, domain)[0]!;

  function constant(type: Element, shape: readonly number[], bytes: Uint8Array): string {
    const made = fresh('constant');
    initializers.push({ name: made, dims: shape, dataType: ELEMENT[type], rawData: bytes });
    return made;
  }

  /** The tensor as it is stored. */
  function stored(tensor: LocalTensor, [from, to]: readonly [number, number]): string {
    const [rows, ...rest] = tensor.shape;
    if (rows === undefined) throw new RangeError(`${tensor.name} is a scalar and has no rows`);
    const stride = tensor.bytes / rows;
    return once(`${tensor.path}\n${tensor.offset}\n${from}\n${to}`, () => {
      const made = fresh(tensor.name);
      initializers.push({
        name: made,
        dims: [to - from, ...rest],
        dataType: ELEMENT[STORED[tensor.dtype]],
        dataLocation: EXTERNAL,
        externalData: [
          { key: 'location', value: rootRelative(tensor.path) },
          { key: 'offset', value: String(tensor.offset + from * stride) },
          { key: 'length', value: String((to - from) * stride) },
        ],
      });
      return made;
    });
  }

  const weight: Graph['weight'] = (tensor, rows = [0, tensor.shape[0] ?? 0]) => {
    const value = stored(tensor, rows);
    if (tensor.dtype === 'F32') return value;
    return once(`float32 ${value}`, () => nodeOf('Cast', [value], { to: ELEMENT.float32 }));
  };

  const ints: Graph['ints'] = (values, shape = [values.length]) => {
    const bytes = () => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return once(`ints ${shape} ${values}`, () => constant('int64', shape, bytes()));
  };

  return {
    input(given, type, shape) {
      inputs.push(valueInfo(given, type, shape));
      return given;
    },

    output(value, given, type, shape) {
      nodes.push({ opType: 'Identity', domain: '', input: [value], output: [given], attribute: [] });
      outputs.push(valueInfo(given, type, shape));
    },

    node: nodeOf,
    nodes: nodesOf,
    ints,
    constant,

    floats(values, shape) {
      const array = Float32Array.from(values);
      const bytes = new Uint8Array(array.buffer);
      if (array.length > 64) return constant('float32', shape, bytes);
      return once(`floats ${shape} ${array}`, () => constant('float32', shape, bytes));
    },

    weight,

    product(x, { tensor, less, rows, transposed }, bias) {
      const whole = weight(tensor, rows);
      // both sides are constants: the session folds the difference once, when it loads
      const matrix = less === undefined ? whole : nodeOf('Sub', [whole, weight(less, rows)]);
      const biases = bias === undefined ? [] : [weight(bias)];
      return nodeOf('Gemm', [x, matrix, ...biases], transposed ? { transB: 1 } : {});
    },

    gather(tensor, indices) {
      const rows = nodeOf('Gather', [stored(tensor, [0, tensor.shape[0] ?? 0]), indices], { axis: 0 });
      return tensor.dtype === 'F32' ? rows : nodeOf('Cast', [rows], { to: ELEMENT.float32 });
    },

    append(more, constants, version = OPSET) {
      opset = Math.max(opset, version);
      for (const { domain } of more) if (domain !== undefined && domain !== '') domains.add(domain);
      nodes.push(...more);
      initializers.push(...constants);
    },

    finish: () =>
      encodeModel({
        irVersion: IR_VERSION,
        producerName: 'deltasift',
        opsetImport: [{ domain: '', version: opset }, ...[...domains].map((domain) => ({ domain, version: 1 }))],
        graph: {
          name,
          node: opset < AXES_AS_INPUT ? nodes : nodes.map((node) => axesAsInput(node, ints)),
          initializer: initializers,
          input: inputs,
          output: outputs,
        },
      }),
  };
}

function axesAsInput(node: NodeProto, ints: Graph['ints']): NodeProto {
  const axes = node.opType.startsWith('Reduce') && node.attribute?.find(({ name }) => name === 'axes')?.ints;
  if (!axes) return node;
  return {
    ...node,
    input: [...node.input, ints(axes)],
    attribute: node.attribute!.filter(({ name }) => name !== 'axes'),
  };
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'string') return { name, type: ATTRIBUTE.string, s: new TextEncoder().encode(value) };
  if (typeof value === 'number') {
    return Number.isInteger(value)
      ? { name, type: ATTRIBUTE.int, i: value }
      : { name, type: ATTRIBUTE.float, f: value };
  }
  if ('float' in value) return { name, type: ATTRIBUTE.float, f: value.float };
  return { name, type: ATTRIBUTE.ints, ints: value };
}

function valueInfo(name: string, type: Element, shape: Shape): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: ELEMENT[type], shape: { dim } } } };
}

/** ONNX Runtime refuses absolute locations; sessions are opened with the root of the file system as their folder. */
export function rootRelative(path: string): string {
  return path.replace(/^([A-Za-z]:)?[\\/]/, '').replaceAll('\\', '/');
}
