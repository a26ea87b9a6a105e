/** Takes the graph of another model into one of ours: every name under a new one, external data at its place on disk. */
import { CheckpointError } from '../checkpoint/error.ts';
import {
  ATTRIBUTE,
  type AttributeProto,
  EXTERNAL,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from './proto.ts';

const STANDARD = new Set(['', 'ai.onnx']);
const KNOWN_DOMAINS = new Set([...STANDARD, 'com.microsoft']);
const KNOWN_ATTRIBUTES = new Set<number>(Object.values(ATTRIBUTE));

export interface Renames {
  value(name: string): string;
  /** Location of external data, as ONNX Runtime is to look for it. */
  location(location: string): string;
}

/** Every tensor of a graph and of the graphs within it. */
export function tensorsIn(graph: GraphProto): readonly TensorProto[] {
  const attributes = graph.node.flatMap(({ attribute = [] }) => attribute);
  return [
    ...graph.initializer,
    ...attributes.flatMap(({ t, g, graphs = [] }) => [
      ...(t === undefined ? [] : [t]),
      ...[...(g === undefined ? [] : [g]), ...graphs].flatMap(tensorsIn),
    ]),
  ];
}

/**
 * Refuses what would be lost or misread: values from nowhere, operators of other domains, kinds of attributes and of stored
 * numbers that proto.ts does not read.
 */
export function checkGraph(graph: GraphProto, outer: ReadonlySet<string> = new Set([''])): void {
  const known = new Set(outer);
  for (const { name } of [...graph.input, ...graph.initializer]) known.add(name);
  for (const { output } of graph.node) for (const name of output) known.add(name);

  graph.initializer.forEach(checkTensor);
  for (const { opType, domain = '', input, attribute = [] } of graph.node) {
    if (!KNOWN_DOMAINS.has(domain)) {
      throw new CheckpointError(
        `operator ${domain}.${opType} is not known here; known are those of ONNX and com.microsoft`,
      );
    }
    for (const name of input) {
      if (!known.has(name)) throw new CheckpointError(`operator ${opType} takes a value ${name} that nothing makes`);
    }
    for (const { name, type, t, g, graphs = [] } of attribute) {
      if (!KNOWN_ATTRIBUTES.has(type)) {
        throw new CheckpointError(
          `attribute ${name} of operator ${opType} is of a kind that is not read here (${type})`,
        );
      }
      if (t !== undefined) checkTensor(t);
      for (const inner of g === undefined ? graphs : [g]) checkGraph(inner, known);
    }
  }
  for (const { name } of graph.output) {
    if (!known.has(name)) throw new CheckpointError(`the output ${name} is a value that nothing makes`);
  }
}

/** Complex numbers take two entries, strings and unsigned 32 and 64-bit numbers are kept in fields of their own. */
function checkTensor(tensor: TensorProto): void {
  if (tensor.dataLocation === EXTERNAL || tensor.rawData !== undefined) return;
  const { floatData = [], int32Data = [], int64Data = [], doubleData = [] } = tensor;
  const stored = floatData.length + int32Data.length + int64Data.length + doubleData.length;
  const expected = tensor.dims.reduce((product, size) => product * size, 1);
  if (stored !== expected) {
    throw new CheckpointError(
      `tensor ${tensor.name} holds ${stored} numbers of a kind read here, expected ${expected}`,
    );
  }
}

export function renamedNode(node: NodeProto, renames: Renames): NodeProto {
  const { name = '', domain = '', input, output, attribute = [] } = node;
  return {
    ...node,
    name: name === '' ? '' : renames.value(name),
    domain: STANDARD.has(domain) ? '' : domain,
    input: input.map(renames.value),
    output: output.map(renames.value),
    attribute: attribute.map((item) => renamedAttribute(item, renames)),
  };
}

export function renamedTensor(tensor: TensorProto, renames: Renames): TensorProto {
  const { externalData = [] } = tensor;
  return {
    ...tensor,
    name: renames.value(tensor.name ?? ''),
    externalData: externalData
      .filter(({ key }) => key !== 'checksum')
      .map(({ key, value }) => ({ key, value: key === 'location' ? renames.location(value) : value })),
  };
}

function renamedAttribute(attribute: AttributeProto, renames: Renames): AttributeProto {
  const { t, g, graphs = [] } = attribute;
  return {
    ...attribute,
    ...(t === undefined ? {} : { t: renamedTensor(t, renames) }),
    ...(g === undefined ? {} : { g: renamedGraph(g, renames) }),
    graphs: graphs.map((inner) => renamedGraph(inner, renames)),
  };
}

/** A branch or the body of a loop, which sees the values around it. */
function renamedGraph(graph: GraphProto, renames: Renames): GraphProto {
  const values = (infos: GraphProto['input']) => infos.map((info) => ({ ...info, name: renames.value(info.name) }));
  return {
    name: graph.name,
    node: graph.node.map((node) => renamedNode(node, renames)),
    initializer: graph.initializer.map((tensor) => renamedTensor(tensor, renames)),
    input: values(graph.input),
    output: values(graph.output),
  };
}
