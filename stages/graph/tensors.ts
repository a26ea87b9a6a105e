/** Which tensors a body needs, held against those a checkpoint has. */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/error.ts';

type Found = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** Collects the tensors of a body as its architecture names them. */
export interface Wanted {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  tensor(name: string, ...shape: readonly number[]): void;
  /** The weight [width] and bias [width] of a LayerNorm. */
  norm(name: string, width: number): void;
  /** The weight [out,in], and where `biased` the bias [out], of a torch Linear. */
  linear(name: string, out: number, into: number, biased: boolean): void;
}

export function wantedTensors(): Wanted {
  const shapes = new Map<string, readonly number[]>();
  const tensor: Wanted['tensor'] = (name, ...shape) => {
    shapes.set(name, shape);
  };
  return {
    shapes,
    tensor,

    norm(name, width) {
      tensor(`${name}.weight`, width);
      tensor(`${name}.bias`, width);
    },

    linear(name, out, into, biased) {
      tensor(`${name}.weight`, out, into);
      if (biased) tensor(`${name}.bias`, out);
    },
  };
}

/**
 * What stands before the names of the body's tensors: base models are published without the prefix of the model that
 * wraps them.
 * @param name a tensor every checkpoint of the architecture has
 */
export function prefixOf(found: Found, prefix: string, name: string): string {
  if (found.has(prefix + name)) return prefix;
  if (found.has(name)) return '';
  throw new CheckpointError(`the checkpoint has no tensor ${prefix}${name}`);
}

/**
 * Refuses a checkpoint that lacks a tensor of `wanted`, has one in another shape, or has in one of `layers` (prefixes such
 * as 'model.layers.0.') a tensor that is neither wanted nor known to be idle: something is computed from it that config.json
 * does not tell of.
 */
export function expectTensors(found: Found, wanted: Wanted, layers: readonly string[], idle: RegExp): void {
  for (const [name, shape] of wanted.shapes) {
    const tensor = found.get(name);
    if (tensor === undefined) {
      throw new CheckpointError(`the checkpoint has no tensor ${name}, which its config.json asks for`);
    }
    if (tensor.shape.join() !== shape.join()) {
      throw new CheckpointError(
        `tensor ${name} should have the shape [${shape}] by config.json, and has [${tensor.shape}]`,
      );
    }
  }
  for (const name of found.keys()) {
    if (wanted.shapes.has(name) || idle.test(name) || !layers.some((layer) => name.startsWith(layer))) continue;
    throw new CheckpointError(`tensor ${name} has no place in the architecture as config.json describes it`);
  }
}

/** The tensor of that name, among those that `Body.tensors` asked for. */
export function tensorOf(weights: ReadonlyMap<string, LocalTensor>, name: string): LocalTensor {
  const tensor = weights.get(name);
  if (tensor === undefined) throw new RangeError(`the weights handed to the graph lack ${name}`);
  return tensor;
}
