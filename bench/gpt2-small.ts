/** A base and a tuned checkpoint with the shapes of GPT-2 small and random weights: speed does not ask what they say. */
import { copyFileSync, createWriteStream, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { random } from '../stages/math/random.ts';
import type { Pair } from './pair.ts';

const [V, d, layers, positions] = [50257, 768, 12, 1024];
const CONFIG = {
  architectures: ['GPT2LMHeadModel'],
  model_type: 'gpt2',
  activation_function: 'gelu_new',
  vocab_size: V,
  n_positions: positions,
  n_ctx: positions,
  n_embd: d,
  n_layer: layers,
  n_head: 12,
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: true,
};

const SHAPES: readonly (readonly [string, readonly number[]])[] = [
  ['wte.weight', [V, d]],
  ['wpe.weight', [positions, d]],
  ...Array.from({ length: layers }, (_, i) => layerShapes(`h.${i}.`)).flat(),
  ['ln_f.weight', [d]],
  ['ln_f.bias', [d]],
];

function layerShapes(at: string): readonly (readonly [string, readonly number[]])[] {
  return [
    [`${at}ln_1.weight`, [d]],
    [`${at}ln_1.bias`, [d]],
    [`${at}attn.c_attn.weight`, [d, 3 * d]],
    [`${at}attn.c_attn.bias`, [3 * d]],
    [`${at}attn.c_proj.weight`, [d, d]],
    [`${at}attn.c_proj.bias`, [d]],
    [`${at}ln_2.weight`, [d]],
    [`${at}ln_2.bias`, [d]],
    [`${at}mlp.c_fc.weight`, [d, 4 * d]],
    [`${at}mlp.c_fc.bias`, [4 * d]],
    [`${at}mlp.c_proj.weight`, [4 * d, d]],
    [`${at}mlp.c_proj.bias`, [d]],
  ];
}

/**
 * Writes the two folders, half a gigabyte each, unless they are there.
 * @param tokenizer folder of the tokenizer they get; its ids must be below 50,257
 */
export async function gpt2Small(cache: string, tokenizer: string): Promise<Pair> {
  const pair = { base: join(cache, 'gpt2-small', 'base'), tuned: join(cache, 'gpt2-small', 'tuned') };
  await write(pair.base, tokenizer, 1);
  await write(pair.tuned, tokenizer, 2);
  return pair;
}

async function write(folder: string, tokenizer: string, seed: number): Promise<void> {
  const file = join(folder, 'model.safetensors');
  if (existsSync(file)) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(CONFIG));
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(tokenizer, name), join(folder, name));
  await pipeline(Readable.from(bytesOf(seed)), createWriteStream(`${file}.part`));
  renameSync(`${file}.part`, file);
}

/** The file's bytes: uniform weights with the usual standard deviation of 0.02, one block of them over and over. */
function* bytesOf(seed: number): Iterable<Buffer> {
  const sizes = SHAPES.map(([, shape]) => 4 * shape.reduce((product, size) => product * size));
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const [i, [name, shape]] of SHAPES.entries()) {
    header[`transformer.${name}`] = { dtype: 'F32', shape, data_offsets: [end, end + sizes[i]!] };
    end += sizes[i]!;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  yield length;
  yield json;

  const words = random(seed).words(0, 0, 999_983); // a prime: no row stands over an equal one
  const block = Buffer.from(Float32Array.from(words, (word) => 0.035 * (word / 2 ** 31 - 1)).buffer);
  for (let done = 0; done < end; done += block.length) yield block.subarray(0, Math.min(block.length, end - done));
}
