/** A checkpoint as Hugging Face's libraries save it: config.json, safetensors in one file or several, tokenizer.json. */
import { collect, equalBytes } from './bytes.ts';
import { type Dtype, isReadable, toFloat32, widthOf } from './dtype.ts';
import { CheckpointError } from './error.ts';
import type { Folder, Place } from './folder.ts';
import { headOf } from './head-tensor.ts';
import { isRecord, type Json, parseJson } from './json.ts';
import { folderOf } from './ref.ts';
import { openShards, type ShardTensor } from './shards.ts';

export interface Tensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Name of the file that holds it, and where in it. */
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface LocalTensor extends Tensor, Place {}

export interface TokenizerFiles {
  /** tokenizer.json */
  readonly tokenizer: Json;
  /** tokenizer_config.json; empty where there is none */
  readonly config: Json;
}

/** A part of a file, or of a tensor's stored bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly bytes: number;
}

export interface Checkpoint {
  /** As the user gave it: a folder, hf:org/model@revision or https://... */
  readonly ref: string;
  /** Reading costs the network. */
  readonly remote: boolean;
  /** config.json */
  readonly config: Json;
  /** Its class in the transformers library: `GPT2LMHeadModel`. */
  readonly architecture: string;
  /** Those stored as F32, F16 or BF16. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** [V,d], maps hidden states to logits. */
  readonly head: Tensor;
  /** float32 values of rows [from, to) of a tensor, by default all. */
  read(name: string, rows?: readonly [number, number], signal?: AbortSignal): Promise<Float32Array>;
  /** Stored bytes of a tensor, by default all. */
  raw(name: string, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** The tensors on this machine's disk. Remote ones are fetched by range, no byte more than asked for, and kept in the cache. */
  local(names: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, LocalTensor>>;
  /** undefined where there is no tokenizer.json */
  tokenizer(signal?: AbortSignal): Promise<TokenizerFiles | undefined>;
}

export interface CheckpointOptions {
  /** Folder of the Hugging Face cache (HF_HOME). */
  readonly cache: string;
  /** Address of the hub, by default the public one. */
  readonly hub?: string | undefined;
  /** Access token; sent to the hub's host and no other. */
  readonly token?: string | undefined;
  /** Use what the cache holds, ask nobody. */
  readonly offline?: boolean | undefined;
}

const MAX_CONFIG_BYTES = 16 << 20;
const MAX_TOKENIZER_BYTES = 256 << 20;

/**
 * Reads the config and the tensors' headers, no data.
 * @throws CheckpointError where it is broken, quantized or an adapter; ConfigError where `ref` names nothing
 */
export async function openCheckpoint(
  ref: string,
  options: CheckpointOptions,
  signal: AbortSignal,
): Promise<Checkpoint> {
  const folder = await folderOf(ref, options, signal);
  const config = await readConfig(folder, signal);
  const architecture = architectureOf(config, ref);
  const shards = await openShards(folder, signal);
  const tensors = new Map([...shards.tensors.values()].flatMap(readable));
  const { tensor: head, twin } = headOf(config, architecture, tensors, ref);

  function tensorOf(name: string): Tensor {
    const tensor = tensors.get(name);
    if (tensor !== undefined) return tensor;
    const stored = shards.tensors.get(name);
    const fault = stored === undefined ? 'it has none of that name' : `it is stored as ${stored.dtype}`;
    throw new CheckpointError(`${ref}: tensor ${name} cannot be read: ${fault}`);
  }

  const checkpoint: Checkpoint = {
    ref,
    remote: folder.remote,
    config,
    architecture,
    tensors,
    head,

    async read(name, rows, signal) {
      const { shape, dtype } = tensorOf(name);
      const rowBytes = shape.slice(1).reduce((product, size) => product * size, widthOf(dtype));
      const [from, to] = rows ?? [0, shape[0] ?? 1];
      const bytes = (to - from) * rowBytes;
      return toFloat32(await collect(checkpoint.raw(name, { offset: from * rowBytes, bytes }, signal), bytes), dtype);
    },

    raw(name, range, signal) {
      const tensor = tensorOf(name);
      const { offset, bytes } = range ?? { offset: 0, bytes: tensor.bytes };
      if (offset < 0 || bytes < 0 || offset + bytes > tensor.bytes) {
        throw new RangeError(`${ref}: tensor ${name} has ${tensor.bytes} bytes, not ${offset} to ${offset + bytes}`);
      }
      return shards.files.get(tensor.file)!.read(tensor.offset + offset, bytes, signal);
    },

    async local(names, signal) {
      const byFile = Map.groupBy(new Set(names), (name) => tensorOf(name).file);
      const placed = new Map<string, LocalTensor>();
      for (const [file, members] of byFile) {
        const wanted = members.map(tensorOf);
        const places = await shards.files.get(file)!.place(wanted, signal);
        for (const [i, tensor] of wanted.entries()) placed.set(tensor.name, { ...tensor, ...places[i]! });
      }
      return placed;
    },

    async tokenizer(signal = new AbortController().signal) {
      const tokenizer = await folder.read('tokenizer.json', MAX_TOKENIZER_BYTES, signal);
      if (tokenizer === undefined) return undefined;
      const settings = await folder.read('tokenizer_config.json', MAX_CONFIG_BYTES, signal);
      return {
        tokenizer: parseJson(tokenizer, `tokenizer.json of ${ref}`),
        config: settings === undefined ? {} : parseJson(settings, `tokenizer_config.json of ${ref}`),
      };
    },
  };
  if (twin !== undefined) await refuseDifferentTwin(checkpoint, head, twin, signal);
  return checkpoint;
}

async function readConfig(folder: Folder, signal: AbortSignal): Promise<Json> {
  const bytes = await folder.read('config.json', MAX_CONFIG_BYTES, signal);
  if (bytes === undefined) throw await withoutConfig(folder, signal);
  return parseJson(bytes, `config.json of ${folder.ref}`);
}

/** Why a folder has no config.json: most often because it holds an adapter. */
async function withoutConfig(folder: Folder, signal: AbortSignal): Promise<CheckpointError> {
  const bytes = await folder.read('adapter_config.json', MAX_CONFIG_BYTES, signal);
  if (bytes === undefined) {
    return new CheckpointError(
      `${folder.ref}: has no config.json; expected the folder of a Hugging Face checkpoint${folder.caveat}`,
    );
  }
  const adapter = parseJson(bytes, `adapter_config.json of ${folder.ref}`);
  const kind = typeof adapter['peft_type'] === 'string' ? adapter['peft_type'] : 'PEFT';
  return new CheckpointError(
    `${folder.ref}: is an adapter (${kind}), not a checkpoint: it can be the tuned side (--tuned), with the checkpoint that it adapts as the base`,
  );
}

function architectureOf(config: Json, ref: string): string {
  const [first]: readonly unknown[] = Array.isArray(config['architectures']) ? config['architectures'] : [];
  if (typeof first !== 'string') {
    throw new CheckpointError(`${ref}: config.json names no architecture; expected "architectures": ["..."]`);
  }
  if (isRecord(config['quantization_config'])) {
    const method = config['quantization_config']['quant_method'];
    throw new CheckpointError(
      `${ref}: its weights are quantized (${typeof method === 'string' ? method : 'quantization_config'}); expected F32, F16 or BF16. Give the checkpoint from before the quantization`,
    );
  }
  return first;
}

function readable(tensor: ShardTensor): readonly (readonly [string, Tensor])[] {
  const { dtype } = tensor;
  return isReadable(dtype) ? [[tensor.name, { ...tensor, dtype }]] : [];
}

/** Readers differ in which of the two they take, so a difference must not pass. */
async function refuseDifferentTwin(
  checkpoint: Checkpoint,
  head: Tensor,
  twin: Tensor,
  signal: AbortSignal,
): Promise<void> {
  const same =
    head.dtype === twin.dtype &&
    `${head.shape}` === `${twin.shape}` &&
    (await equalBytes(checkpoint.raw(head.name, undefined, signal), checkpoint.raw(twin.name, undefined, signal)));
  if (same) return;
  throw new CheckpointError(
    `${checkpoint.ref}: config.json ties the head to ${head.name}, but ${twin.name} is there and differs; set "tie_word_embeddings" to false if ${twin.name} is the head, else remove it`,
  );
}
