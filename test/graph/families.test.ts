import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { ARCHITECTURES, bodyOf } from '../../stages/graph/families.ts';
import type { Config } from '../../stages/graph/fields.ts';
import { bodyModel } from '../../stages/graph/model.ts';
import { decodeModel } from '../../stages/graph/proto.ts';
import {
  type Family,
  family,
  flipped,
  type Golden,
  hiddenStates,
  lossesOf,
  relativeError,
} from '../kit/golden-family.ts';

/** float32 against float64 over two layers of random weights, 1,024 positions: 2e-6 is the worst seen. */
const HIDDEN_ERROR = 1e-5;
const LOSS_ERROR = 1e-4;
/** What a config field must change a hidden state by, at least, to count as a change: GELU and its tanh form lie 2e-4 apart. */
const CHANGE = 1e-4;

const NAMES = ['gpt2', 'neox', 'llama', 'mistral', 'qwen2', 'qwen3'] as const;
const CASTS = ['gpt2-f16', 'llama-bf16'] as const;
const families = new Map([...NAMES, ...CASTS].map((name) => [name, family(name)]));

async function run({ config, architecture, tensors }: Family, ids: readonly number[]) {
  const [hidden] = await hiddenStates(bodyOf({ config, architecture, tensors }), tensors, [ids]);
  return hidden!;
}

function agree(hidden: readonly Float32Array[], golden: Golden): void {
  for (const [position, expected] of Object.entries(golden.hidden)) {
    const state = hidden[Number(position)];
    if (state === undefined) continue;
    const error = relativeError(state, expected);
    assert.ok(error <= HIDDEN_ERROR, `hidden state ${position} is off by ${error}`);
  }
}

for (const [name, saved] of families) {
  describe(name, () => {
    test('gives the hidden states and losses of transformers at 128 and 1,024 positions', async () => {
      for (const length of [128, 1024]) {
        const ids = saved.golden.ids.slice(0, length);
        const hidden = await run(saved, ids);
        agree(hidden, saved.golden);
        for (const [t, loss] of lossesOf(saved, hidden, ids).entries()) {
          const error = Math.abs(loss - saved.golden.loss[t]!);
          assert.ok(error <= LOSS_ERROR, `the loss of token ${t + 1} is off by ${error}`);
        }
      }
    });

    test('sees nothing of the padding on the right', async () => {
      const texts = [200, 70, 1].map((length) => saved.golden.ids.slice(0, length));
      for (const hidden of await hiddenStates(bodyOf(saved), saved.tensors, texts)) agree(hidden, saved.golden);
    });

    test('is made of standard operators only, and holds no weights', () => {
      const bytes = bodyModel({ body: bodyOf(saved), weights: saved.tensors });
      const { graph, opsetImport } = decodeModel(bytes);
      assert.deepEqual(
        opsetImport.map(({ domain = '' }) => domain),
        [''],
      );
      const outside = graph.initializer.filter(
        ({ externalData }) => externalData !== undefined && externalData.length > 0,
      );
      assert.ok(outside.length >= bodyOf(saved).tensors.length);
    });
  });
}

for (const name of NAMES) {
  const saved = families.get(name)!;
  test(`${name}: a config field changes what it changes in transformers, and nothing else`, async () => {
    for (const flip of saved.golden.flips) {
      const variant = flipped(saved, flip);
      const ids = saved.golden.ids.slice(0, 256);
      const said = JSON.stringify({ set: flip.set, unset: flip.unset });
      const hidden = await run(variant, ids).catch((error: unknown) => assert.fail(`${said}: ${error}`));
      assert.doesNotThrow(() => agree(hidden, flip), said);

      const losses = lossesOf(variant, hidden, ids);
      const error = Math.max(...losses.map((loss, t) => Math.abs(loss - flip.loss[t]!)));
      assert.ok(error <= LOSS_ERROR, `${said}: losses are off by ${error}`);

      const changed = Object.entries(saved.golden.hidden).some(
        ([t, before]) => Number(t) < ids.length && relativeError(hidden[Number(t)]!, before) > CHANGE / 2,
      );
      if (flip.changes >= CHANGE) assert.ok(changed, `${said} should change the hidden states`);
      else assert.ok(!changed, `${said} should change nothing`);
    }
  });
}

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

test('a base model published without the prefix of the whole is the same model', async () => {
  for (const name of NAMES) {
    const saved = families.get(name)!;
    const bare = [...saved.tensors].map(
      ([tensor, place]) => [tensor.replace(/^(transformer|gpt_neox|model)\./, ''), place] as const,
    );
    const ids = saved.golden.ids.slice(0, 128);
    agree(await run({ ...saved, tensors: new Map(bare) }, ids), saved.golden);
  }
});

test('a shorter limit on the tokens that may come changes no state', async () => {
  for (const name of ['neox', 'mistral'] as const) {
    const saved = families.get(name)!;
    const body = bodyOf(saved);
    const limited = {
      ...body,
      build: (...[g, weights, ids]: Parameters<typeof body.build>) => body.build(g, weights, ids, 90),
    };
    const [hidden] = await hiddenStates(limited, saved.tensors, [saved.golden.ids.slice(0, 90)]);
    agree(hidden!, saved.golden);
  }
});
