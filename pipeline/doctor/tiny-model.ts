/** A random GPT-2 that is small enough to be differentiated by hand, and a tuned copy of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '../../stages/math/random.ts';

export const TINY = { width: 16, heads: 2, layers: 2, vocabulary: 71, positions: 24, epsilon: 1e-5 } as const;

export interface TinyModel {
  /** By the names of a saved GPT-2, row-major. */
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;
}

/** Weights from the counter-based generator: the same on every machine. Logits have a standard deviation of about 2. */
export function tinyModel(seed: number): TinyModel {
  const { width: d, layers, vocabulary, positions } = TINY;
  const draw = random(seed);
  const tensors = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  const add = (name: string, shape: readonly number[], scale: number, offset = 0) => {
    const words = draw.words(
      tensors.size,
      0,
      shape.reduce((product, n) => product * n, 1),
    );
    const values = Float32Array.from(words, (word) => offset + scale * (word / 2 ** 31 - 1));
    tensors.set(`transformer.${name}`, { shape, values });
  };

  add('wte.weight', [vocabulary, d], 0.9);
  add('wpe.weight', [positions, d], 0.5);
  for (let i = 0; i < layers; i++) {
    for (const norm of ['ln_1', 'ln_2']) {
      add(`h.${i}.${norm}.weight`, [d], 0.3, 1);
      add(`h.${i}.${norm}.bias`, [d], 0.2);
    }
    for (const [layer, from, to] of [
      ['attn.c_attn', d, 3 * d],
      ['attn.c_proj', d, d],
      ['mlp.c_fc', d, 4 * d],
      ['mlp.c_proj', 4 * d, d],
    ] as const) {
      add(`h.${i}.${layer}.weight`, [from, to], Math.sqrt(3 / from));
      add(`h.${i}.${layer}.bias`, [to], 0.2);
    }
  }
  add('ln_f.weight', [d], 0.3, 1);
  add('ln_f.bias', [d], 0.2);
  return { tensors };
}

/** The same model with its tied head moved a little. */
export function tuned({ tensors }: TinyModel, seed: number): TinyModel {
  const name = 'transformer.wte.weight';
  const { shape, values } = tensors.get(name)!;
  const shifts = random(seed).words(0, 0, values.length);
  const moved = values.map((value, i) => value + 0.05 * (shifts[i]! / 2 ** 31 - 1));
  return { tensors: new Map(tensors).set(name, { shape, values: moved }) };
}

/** config.json and model.safetensors, as `save_pretrained` lays them out. */
export function writeCheckpoint(folder: string, { tensors }: TinyModel): void {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, { shape, values }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const bytes = [...tensors.values()].map(({ values }) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  );
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, json, ...bytes]));
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      architectures: ['GPT2LMHeadModel'],
      model_type: 'gpt2',
      n_embd: TINY.width,
      n_head: TINY.heads,
      n_layer: TINY.layers,
      n_positions: TINY.positions,
      vocab_size: TINY.vocabulary,
      activation_function: 'gelu_new',
      layer_norm_epsilon: TINY.epsilon,
      tie_word_embeddings: true,
    }),
  );
}
