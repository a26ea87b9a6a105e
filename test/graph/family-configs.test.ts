import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { ARCHITECTURES, bodyOf } from '../../stages/graph/families.ts';
import type { Config } from '../../stages/graph/fields.ts';
import { type Family, family, flipped } from '../kit/golden-family.ts';

const NAMES = ['gpt2', 'neox', 'llama', 'mistral', 'qwen2', 'qwen3'] as const;
const families = new Map(NAMES.map((name) => [name, family(name)]));

const SOFT_CAPS = { attn_logit_softcapping: 50, final_logit_softcapping: 30, query_pre_attn_scalar: 24, clip_qkv: 8 };
const FACTORS = {
  attention_multiplier: 0.5,
  embedding_multiplier: 12,
  residual_multiplier: 0.2,
  logits_scaling: 8,
  logit_scale: 2,
};
const FOREIGN: Config = {
  ...SOFT_CAPS,
  ...FACTORS,
  quantization_config: { quant_method: 'gptq' },
  per_layer_config: {},
  pruned_heads: { 0: [1] },
  is_encoder_decoder: true,
  add_cross_attention: true,
  num_local_experts: 8,
  num_experts: 64,
  use_qk_norm: true,
  qk_layernorm: true,
  alibi: true,
  rope_interleaved: true,
  use_mrope: true,
  no_rope_layers: [1, 0],
  attention_chunk_size: 8,
  auto_map: { AutoModelForCausalLM: 'modeling_other.OtherForCausalLM' },
  model_type: 'other',
};
const ROPE: readonly Config[] = [
  { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [2] } },
  { rope_scaling: { rope_type: 'made-up', factor: 2 } },
  { rope_scaling: { rope_type: 'linear' } },
  { rope_scaling: { rope_type: 'linear', factor: 'much' } },
  { rope_scaling: { rope_type: 'linear', factor: 2, mrope_section: [1, 1, 1] } },
  { rope_scaling: { rope_type: 'llama3', factor: 8 } },
  { rope_scaling: 'linear' },
  { rope_parameters: { full_attention: { rope_type: 'default' } } },
  { rope_parameters: { rope_type: 'proportional' } },
];
const DECODER: readonly Config[] = [
  ...ROPE,
  { hidden_act: 'xielu' },
  { hidden_act: 7 },
  { partial_rotary_factor: 0.5, rope_parameters: null },
  { rotary_pct: 0.5 },
  { rotary_emb_base: 500 },
  { num_key_value_heads: 3 },
  { rms_norm_eps: 'small' },
  { vocab_size: null },
  { hidden_size: 31.5 },
  { num_hidden_layers: 0 },
];
/** Per family: configs that must be refused, each by the name of its first field. */
const REFUSED: Readonly<Record<(typeof NAMES)[number], readonly Config[]>> = {
  gpt2: [
    { activation_function: 'xielu' },
    { scale_attn_weights: 'yes' },
    { n_head: 5 },
    { n_embd: 0 },
    { n_layer: null },
  ],
  neox: [
    ...ROPE,
    { hidden_act: 'xielu' },
    { rope_theta: 500 },
    { head_dim: 8 },
    { num_key_value_heads: 1 },
    { sliding_window: 64 },
    { num_attention_heads: 3 },
    { use_parallel_residual: 1 },
    { partial_rotary_factor: 0.5, rope_parameters: null },
    { rotary_pct: 0.2, rope_parameters: null },
  ],
  llama: [
    ...DECODER,
    { sliding_window: 64 },
    { layer_types: ['full_attention', 'sliding_attention'] },
    { attention_bias: 'all' },
  ],
  mistral: [
    ...DECODER,
    { attention_bias: true },
    { mlp_bias: true },
    { sliding_window: 0 },
    { layer_types: ['full_attention', 'full_attention'] },
  ],
  qwen2: [
    ...DECODER,
    { attention_bias: false },
    { mlp_bias: true },
    { layer_types: ['full_attention'] },
    { layer_types: ['full_attention', 'chunked_attention'] },
    { layer_types: ['full_attention', 'sliding_attention'] },
    { use_sliding_window: 'yes' },
  ],
  qwen3: [
    ...DECODER,
    { mlp_bias: true },
    { layer_types: ['sliding_attention', 'full_attention'] },
    { attention_bias: 1 },
  ],
};

describe('refuses', () => {
  for (const name of NAMES) {
    const saved = families.get(name)!;
    test(`${name}: by its name, each config field that it cannot compute`, () => {
      const foreign = Object.entries(FOREIGN).map(([field, value]) => ({ [field]: value }));
      for (const set of [...foreign, ...REFUSED[name]]) {
        const [field] = Object.keys(set);
        assert.throws(
          () => bodyOf(flipped(saved, { set })),
          (error) => error instanceof CheckpointError && error.message.includes(field!),
          JSON.stringify(set),
        );
      }
    });

    test(`${name}: tensors that are missing, of another shape, or unaccounted for`, () => {
      for (const tensor of bodyOf(saved).tensors) {
        const refused = (tensors: Family['tensors']) =>
          assert.throws(
            () => bodyOf({ ...saved, tensors }),
            (error) => error instanceof CheckpointError && error.message.includes(tensor),
            tensor,
          );
        const without = new Map(saved.tensors);
        without.delete(tensor);
        refused(without);
        refused(new Map(saved.tensors).set(tensor, { ...saved.tensors.get(tensor)!, shape: [3, 5, 7] }));
      }
      const [some] = [...saved.tensors].find(([tensor]) => tensor.includes('.1.'))!;
      const extra = some.replace(/\.[^.]+$/, '.adapter');
      assert.throws(
        () => bodyOf({ ...saved, tensors: new Map(saved.tensors).set(extra, saved.tensors.get(some)!) }),
        (error) => error instanceof CheckpointError && error.message.includes(extra),
      );
    });
  }

  test('an architecture it does not know, naming those it does', () => {
    for (const architecture of ['MambaForCausalLM', 'toString', '']) {
      assert.throws(
        () => bodyOf({ ...families.get('llama')!, architecture }),
        (error) => error instanceof CheckpointError && ARCHITECTURES.every((known) => error.message.includes(known)),
      );
    }
  });
});

test('finds nothing wrong with the configs of published models, only that their tensors are not here', () => {
  const file = new URL('../golden/published-configs.json', import.meta.url);
  for (const [name, config] of Object.entries<Config>(JSON.parse(readFileSync(file, 'utf8')))) {
    const [architecture] = config['architectures'] as [string];
    assert.throws(
      () => bodyOf({ config, architecture, tensors: new Map() }),
      /^CheckpointError: the checkpoint has no tensor/,
      name,
    );
  }
});
