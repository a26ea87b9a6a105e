/** What a body of the user's own must take and give. */
import { CheckpointError } from '../checkpoint/error.ts';
import { ELEMENT, type GraphProto, type ValueInfoProto } from './proto.ts';

/** Names that exporters give. */
const IDS = ['input_ids', 'ids'];
const MASK = 'attention_mask';
const POSITIONS = 'position_ids';
const OUTPUT = 'last_hidden_state';

const WHOLE: ReadonlySet<number> = new Set([ELEMENT.int64, ELEMENT.int32]);
const REAL: ReadonlySet<number> = new Set([ELEMENT.float32, ELEMENT.float16, ELEMENT.bfloat16, ELEMENT.float64]);

/** An input, and what is to be fed to it. */
export interface Input {
  readonly name: string;
  readonly role: 'ids' | 'mask' | 'positions';
  readonly elemType: number;
}

/** @throws CheckpointError unless there is one input of token ids, and all others can be fed too */
export function inputsOf(graph: GraphProto): readonly Input[] {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !constants.has(name)).map(inputOf);
  if (inputs.filter(({ role }) => role === 'ids').length !== 1) {
    const names = inputs.map(({ name }) => name).join(', ') || 'none';
    throw new CheckpointError(`expected one input of token ids named ${IDS.join(' or ')}, its inputs are: ${names}`);
  }
  return inputs;
}

function inputOf(info: ValueInfoProto): Input {
  const { name } = info;
  const role = IDS.includes(name) ? 'ids' : name === MASK ? 'mask' : name === POSITIONS ? 'positions' : undefined;
  if (role === undefined) {
    throw new CheckpointError(
      `has an input ${name} that cannot be fed; expected ${IDS[0]} and at most ${MASK} and ${POSITIONS} (export without a cache)`,
    );
  }
  const elemType = info.type?.tensorType?.elemType ?? 0;
  const allowed = role === 'mask' ? [...WHOLE, ...REAL, ELEMENT.bool] : [...WHOLE];
  if (!allowed.includes(elemType))
    throw new CheckpointError(`input ${name} is of element type ${elemType}, expected integers`);
  const dims = dimsOf(info);
  if (dims !== undefined && (dims.length !== 2 || dims.some((size) => size !== undefined))) {
    throw new CheckpointError(
      `input ${name} has the shape ${shapeText(dims)}, expected two dynamic axes, batch and tokens`,
    );
  }
  return { name, role, elemType };
}

/**
 * @param width d
 * @throws CheckpointError unless it is one of hidden states [batch,tokens,d]
 */
export function outputOf(graph: GraphProto, width: number, vocabulary: number): ValueInfoProto {
  const [first, ...others] = graph.output;
  const found = others.length === 0 ? first : graph.output.find(({ name }) => name === OUTPUT);
  if (found === undefined) {
    const names = graph.output.map(({ name }) => name).join(', ') || 'none';
    throw new CheckpointError(`expected one output, or one named ${OUTPUT}; its outputs are: ${names}`);
  }
  const elemType = found.type?.tensorType?.elemType ?? 0;
  if (!REAL.has(elemType))
    throw new CheckpointError(`output ${found.name} is of element type ${elemType}, expected floats`);
  const dims = dimsOf(found);
  const last = dims?.at(-1);
  if (dims !== undefined && (dims.length !== 3 || (last !== undefined && last !== width))) {
    const hint = last === vocabulary ? ': these are logits; export the model without its head' : '';
    throw new CheckpointError(
      `output ${found.name} has the shape ${shapeText(dims)}, expected [batch,tokens,${width}], the width of the head${hint}`,
    );
  }
  return found;
}

/** Sizes, undefined where they are known at run time only; undefined in all where not even their number is known. */
function dimsOf({ type }: ValueInfoProto): readonly (number | undefined)[] | undefined {
  return type?.tensorType?.shape?.dim?.map(({ dimValue }) => dimValue);
}

function shapeText(dims: readonly (number | undefined)[]): string {
  return `[${dims.map((size) => size ?? '?')}]`;
}
