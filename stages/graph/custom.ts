/** A body of the user's own: an ONNX file whose output is the last hidden state, taken into the same session as the head. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError } from '../../pipeline/error.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/error.ts';
import { locateExternal } from './external.ts';
import type { Body } from './families.ts';
import { checkGraph, renamedNode, renamedTensor, tensorsIn } from './inline.ts';
import { type Graph, rootRelative } from './onnx.ts';
import { decodeModel, ELEMENT, EXTERNAL, type GraphProto, type ModelProto } from './proto.ts';
import { type Input, inputsOf, outputOf } from './signature.ts';

export interface CustomBody extends Body {
  /** SHA-256 of the file and of its external data, in hex: what the model computes, for the measurement's id. */
  readonly sha256: string;
}

/** Versions of the standard operators; below 13 several mean something else. */
const OPSETS = { from: 13, to: 23 } as const;
/** What a protobuf message may hold. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Reads the model and holds it against the head it is to be used with. Inputs: token ids [batch,tokens] named input_ids or ids
 * and, if the model wants them, attention_mask and position_ids. Output: last_hidden_state, or the only one, [batch,tokens,d],
 * after the last norm. As for every body, a position must not see those after it.
 *
 * @throws ConfigError where there is no such file, CheckpointError where the model is not of that form
 */
export async function customBody(
  file: string,
  { architecture, config, head }: Pick<Checkpoint, 'architecture' | 'config' | 'head'>,
  signal: AbortSignal,
): Promise<CustomBody> {
  const bytes = await readModel(file, signal);
  return named(file, async () => {
    const { graph, opset } = parse(bytes);
    const [vocabulary, width] = head.shape as [number, number];
    const inputs = inputsOf(graph);
    const output = outputOf(graph, width, vocabulary);
    checkGraph(graph);

    const external = tensorsIn(graph).filter(({ dataLocation }) => dataLocation === EXTERNAL);
    const places = await locateExternal(external, dirname(file));
    const positions = config['max_position_embeddings'] ?? config['n_positions'];

    return {
      architecture,
      width,
      vocabulary,
      positions: typeof positions === 'number' ? positions : undefined,
      tensors: [],
      sha256: await hashOf(bytes, places, signal),

      build(g, _weights, ids) {
        const bound = new Map(inputs.map((input) => [input.name, feed(g, ids, input)]));
        const renames = {
          value: (name: string) => (name === '' ? '' : (bound.get(name) ?? `body/${name}`)),
          location: (location: string) => rootRelative(places.get(location)!),
        };
        g.append(
          graph.node.map((node) => renamedNode(node, renames)),
          graph.initializer.map((tensor) => renamedTensor(tensor, renames)),
          opset,
        );
        const hidden = cast(g, renames.value(output.name), output.type.tensorType.elemType, ELEMENT.float32);
        return g.node('Reshape', [hidden, g.ints([0, 0, width])]); // fails where the width is another at run time
      },
    };
  });
}

async function readModel(file: string, signal: AbortSignal): Promise<Uint8Array> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new ConfigError(`--onnx: there is no file ${file}`);
  if (found.size > MAX_BYTES) {
    throw new CheckpointError(
      `${file}: ${found.size} bytes are too many for one ONNX file; save it with external data`,
    );
  }
  return readFile(file, { signal });
}

/** Puts the file's name before what is wrong with it. */
async function named<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new CheckpointError(`${file}: ${error.message}`, { cause: error });
  }
}

function parse(bytes: Uint8Array): { readonly graph: GraphProto; readonly opset: number } {
  const model = decoded(bytes);
  const { graph, functions = [] } = model;
  if (graph === undefined || graph.node.length === 0) throw new CheckpointError('holds no graph; is it an ONNX file?');
  if (functions.length > 0) {
    throw new CheckpointError('defines functions of its own; inline them first (onnx.inliner.inline_local_functions)');
  }
  const opset = model.opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version ?? 0;
  if (opset < OPSETS.from || opset > OPSETS.to) {
    throw new CheckpointError(`is written for opset ${opset}; export it for one of ${OPSETS.from} to ${OPSETS.to}`);
  }
  return { graph, opset };
}

function decoded(bytes: Uint8Array): Partial<ModelProto> & Pick<ModelProto, 'opsetImport'> {
  try {
    return decodeModel(bytes);
  } catch (error) {
    throw new CheckpointError('is no ONNX file, or a broken one', { cause: error });
  }
}

/** @param ids [B,T] int64 */
function feed(g: Graph, ids: string, { role, elemType }: Input): string {
  if (role === 'ids') return cast(g, ids, ELEMENT.int64, elemType);
  const ones = g.node('Expand', [g.ints([1]), g.node('Shape', [ids])]);
  if (role === 'mask') return cast(g, ones, ELEMENT.int64, elemType);
  const counted = g.node('Sub', [g.node('CumSum', [ones, g.ints([1], [])]), g.ints([1])]);
  return cast(g, counted, ELEMENT.int64, elemType);
}

function cast(g: Graph, value: string, from: number, to: number): string {
  return from === to ? value : g.node('Cast', [value], { to });
}

async function hashOf(bytes: Uint8Array, places: ReadonlyMap<string, string>, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256').update(bytes);
  for (const [, path] of [...places].sort()) {
    for await (const part of createReadStream(path, { signal })) hash.update(part as Uint8Array);
  }
  return hash.digest('hex');
}
