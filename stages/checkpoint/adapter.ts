/**
 * A LoRA adapter as PEFT saves it: adapter_config.json and adapter_model.safetensors. A module it adapts goes from W [out,in] to
 * W + s B A with A [r,in], B [out,r], s = α/r, or α/√r with `use_rslora`; so D = −s B A, and is never multiplied out. Orientation
 * (`fan_in_fan_out`) is how W is stored and leaves A and B as they are.
 */
import { createHash } from 'node:crypto';
import type { Checkpoint, CheckpointOptions } from './checkpoint.ts';
import { isReadable, toFloat32 } from './dtype.ts';
import { CheckpointError } from './error.ts';
import { isRecord, type Json, parseJson, quoted } from './json.ts';
import { folderOf } from './ref.ts';
import { headerLength, PREFIX_BYTES, parseHeader, type StoredTensor } from './safetensors.ts';

/** D of one matrix [out,in] as A Bᵀ. */
export interface LowRank {
  readonly rank: number;
  /** [out,r], scaling and sign included */
  readonly a: Float32Array;
  /** [in,r] */
  readonly b: Float32Array;
}

export interface Adapter {
  /** As the user gave it. */
  readonly ref: string;
  /** sha-256, hex, over the tensors' bytes and all that their scaling depends on. */
  readonly hash: string;
  /** Modules it adapts, by the names that PEFT gives them: `transformer.h.3.mlp.c_fc`. */
  readonly modules: readonly string[];
  /** The module whose weight the checkpoint calls `tensor`; undefined where it is left alone. */
  moduleOf(tensor: string): string | undefined;
  /** D of that weight; undefined where it is left alone. */
  delta(tensor: string): LowRank | undefined;
}

export function isAdapter(tuned: Checkpoint | Adapter): tuned is Adapter {
  return 'modules' in tuned;
}

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';
const MAX_CONFIG_BYTES = 16 << 20;
/** Adapters are read whole. */
const MAX_WEIGHTS_BYTES = 2 ** 31 - 1;

/** Settings under which D is not −s B A, or not of these matrices alone; each with the values that change nothing. */
const PLAIN: Readonly<Record<string, readonly unknown[]>> = {
  use_dora: [false],
  use_qalora: [false],
  modules_to_save: [[]],
  layer_replication: [],
  megatron_config: [],
  target_parameters: [[]],
  trainable_token_indices: [],
  alora_invocation_tokens: [],
};

/**
 * Undefined where the folder holds no adapter, or a whole checkpoint beside it.
 * @throws CheckpointError where it is no LoRA adapter, or one whose delta is more than its factors
 */
export async function openAdapter(
  ref: string,
  options: CheckpointOptions,
  signal: AbortSignal,
): Promise<Adapter | undefined> {
  const folder = await folderOf(ref, options, signal);
  if ((await folder.read('config.json', MAX_CONFIG_BYTES, signal)) !== undefined) return undefined;
  const bytes = await folder.read(CONFIG, MAX_CONFIG_BYTES, signal);
  if (bytes === undefined) return undefined;
  const config = parseJson(bytes, `${CONFIG} of ${ref}`);
  refuseMore(config, ref);
  const weights = await folder.read(WEIGHTS, MAX_WEIGHTS_BYTES, signal);
  if (weights === undefined) throw new CheckpointError(`${ref}: has ${CONFIG}, but no ${WEIGHTS} beside it`);
  return adapterOf(ref, config, weights);
}

function refuseMore(config: Json, ref: string): void {
  const kind = config['peft_type'];
  if (kind !== 'LORA') {
    throw new CheckpointError(
      `${ref}: is an adapter of the kind ${quoted(kind)}; expected "LORA". Merge it into its base and give the merged folder`,
    );
  }
  for (const [name, plain] of Object.entries(PLAIN)) {
    const value = config[name] ?? undefined;
    if (value === undefined || plain.some((one) => JSON.stringify(one) === JSON.stringify(value))) continue;
    throw new CheckpointError(
      `${ref}: ${CONFIG} sets ${name} to ${quoted(value)}, which low-rank factors alone do not say. Merge the adapter into its base and give the merged folder`,
    );
  }
}

function adapterOf(ref: string, config: Json, bytes: Uint8Array): Adapter {
  const what = `${ref}: ${WEIGHTS}`;
  const header = headerOf(bytes, what);
  const factors = new Map<string, { a?: StoredTensor; b?: StoredTensor }>();
  for (const [name, tensor] of header) {
    const match = /^(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.default)?\.weight$/.exec(name);
    if (match === null) {
      throw new CheckpointError(
        `${what}: holds ${quoted(name)}; expected only the weights lora_A and lora_B of linear layers`,
      );
    }
    const [, module = '', side] = match;
    const found = factors.get(module) ?? {};
    found[side === 'A' ? 'a' : 'b'] = tensor;
    factors.set(module, found);
  }

  function values(tensor: StoredTensor): Float32Array {
    if (!isReadable(tensor.dtype)) throw new CheckpointError(`${what}: is stored as ${tensor.dtype}`);
    return toFloat32(bytes.subarray(tensor.offset, tensor.offset + tensor.bytes), tensor.dtype);
  }

  const modules = [...factors.keys()].sort();
  const pairs = new Map(modules.map((module) => [module, pairOf(module)]));

  /** @throws CheckpointError where the factors or the scaling of a module are none */
  function pairOf(module: string) {
    const { a, b } = factors.get(module)!;
    const [rank = 0, into = 0] = a?.shape ?? [];
    const other = b?.shape[1];
    if (a === undefined || b === undefined || a.shape.length !== 2 || b.shape.length !== 2 || rank !== other) {
      const shapes = [a, b].map((side) => (side === undefined ? 'none' : `[${side.shape}]`));
      throw new CheckpointError(
        `${what}: the factors of ${module} have the shapes ${shapes.join(' and ')}; expected [r,in] and [out,r]`,
      );
    }
    return { a, b, rank, into, scale: -scaleOf(config, module, rank, ref) };
  }

  function lowRank(module: string): LowRank {
    const { a, b, rank, into, scale } = pairs.get(module)!;
    const [downwards, upwards] = [values(a), values(b)];
    const turned = new Float32Array(into * rank);
    for (let r = 0; r < rank; r++) for (let i = 0; i < into; i++) turned[i * rank + r] = downwards[r * into + i]!;
    const scaled = upwards.map((value) => scale * value);
    for (const value of [scaled, turned]) {
      if (!value.every(Number.isFinite)) throw new CheckpointError(`${what}: the factors of ${module} are not finite`);
    }
    return { rank, a: new Float32Array(scaled), b: turned };
  }

  const scaling = ['lora_alpha', 'r', 'use_rslora', 'alpha_pattern', 'rank_pattern'].map(
    (name) => config[name] ?? null,
  );
  const moduleOf = (tensor: string) => {
    const name = tensor.replace(/\.weight$/, '');
    return modules.find((one) => one === name || one.endsWith(`.${name}`));
  };
  return {
    ref,
    modules,
    hash: createHash('sha256')
      .update(JSON.stringify(['adapter', scaling]))
      .update(bytes)
      .digest('hex'),

    moduleOf,

    delta(tensor) {
      const module = moduleOf(tensor);
      return module === undefined ? undefined : lowRank(module);
    },
  };
}

function headerOf(bytes: Uint8Array, what: string): ReadonlyMap<string, StoredTensor> {
  const end = PREFIX_BYTES + headerLength(bytes.subarray(0, PREFIX_BYTES), bytes.length, what);
  return parseHeader(bytes.subarray(PREFIX_BYTES, end), bytes.length, what);
}

/**
 * s of a module.
 * @param stored rank of its factors
 */
function scaleOf(config: Json, module: string, stored: number, ref: string): number {
  const refuse = (name: string, expected: string, value: unknown) =>
    new CheckpointError(`${ref}: ${CONFIG} has the ${name} ${quoted(value)} for ${module}; expected ${expected}`);
  const alpha = settingOf(config, 'alpha_pattern', 'lora_alpha', module, ref);
  if (typeof alpha !== 'number' || !Number.isFinite(alpha)) throw refuse('lora_alpha', 'a number', alpha);
  const rank = settingOf(config, 'rank_pattern', 'r', module, ref);
  if (typeof rank !== 'number' || !Number.isInteger(rank) || rank < 1)
    throw refuse('r', 'a whole number above 0', rank);
  if (stored !== rank) throw refuse('r', `the rank of its factors, ${stored}`, rank);
  return config['use_rslora'] === true ? alpha / Math.sqrt(rank) : alpha / rank;
}

/** Of the first key of the pattern that is the end of the module's name. PEFT takes keys for regular expressions; here they are names. */
function settingOf(config: Json, pattern: string, standard: string, module: string, ref: string): unknown {
  const own = config[pattern];
  if (!isRecord(own)) return config[standard];
  const odd = Object.keys(own).find((key) => !/^[\w.]+$/.test(key));
  if (odd !== undefined) {
    throw new CheckpointError(
      `${ref}: ${CONFIG} has the key ${quoted(odd)} in ${pattern}; expected the end of a module's name`,
    );
  }
  const found = Object.entries(own).find(([key]) => module === key || module.endsWith(`.${key}`));
  return found === undefined ? config[standard] : found[1];
}
