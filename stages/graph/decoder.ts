/** The decoder that Llama, Mistral and Qwen share: RMSNorm, rotary positions, grouped-query attention, a gated MLP. */
import { ACTIVATION_NAMES, ACTIVATIONS } from './activation.ts';
import { attention } from './attention.ts';
import type { Body, Description } from './families.ts';
import { fieldsOf } from './fields.ts';
import { refuseForeign } from './foreign.ts';
import { frameOf } from './frame.ts';
import { layersOf } from './layers.ts';
import { ropeOf } from './rope.ts';
import { rotation } from './rotary.ts';
import { expectTensors, prefixOf, wantedTensors } from './tensors.ts';

/** In what the architectures differ. */
export interface Traits {
  readonly modelType: string;
  /** Dₕ where config.json names none; d / heads by default. */
  readonly headWidth?: number;
  /** Positions where config.json names none. */
  readonly maxPositions: number;
  readonly bias: { readonly qkv: boolean; readonly output: boolean; readonly mlp: boolean };
  /** RMSNorm over each head of queries and keys, before they turn. */
  readonly headNorm: boolean;
  /** The sliding window of each layer; undefined where it sees everything before it. */
  readonly windows: (depth: number) => readonly (number | undefined)[];
}

/** Frequencies that older files hold and transformers computes anew. */
const IDLE = /\.rotary_emb\.inv_freq$/;

export function decoder({ config, architecture, tensors }: Description, traits: Traits): Body {
  const fields = fieldsOf(config);
  refuseForeign(fields, traits.modelType);
  const vocabulary = fields.count('vocab_size');
  const positions = fields.count('max_position_embeddings', traits.maxPositions);
  const d = fields.count('hidden_size');
  const depth = fields.count('num_hidden_layers');
  const heads = fields.count('num_attention_heads');
  const keyHeads = fields.count('num_key_value_heads', heads);
  const width = fields.count('head_dim', traits.headWidth ?? Math.floor(d / heads));
  const inner = fields.count('intermediate_size');
  const epsilon = fields.number('rms_norm_eps', 1e-6);
  const activation = fields.choice('hidden_act', ACTIVATION_NAMES, 'silu');
  if (heads % keyHeads !== 0) throw fields.refusal('num_key_value_heads', `a divisor of the ${heads} attention heads`);
  const rope = ropeOf({ config, headWidth: width, maxPositions: positions, spelling: 'rope_theta' });
  const windows = traits.windows(depth);

  const prefix = prefixOf(tensors, 'model.', 'embed_tokens.weight');
  const layers = Array.from({ length: depth }, (_, i) => `${prefix}layers.${i}.`);
  const wanted = wantedTensors();
  wanted.tensor(`${prefix}embed_tokens.weight`, vocabulary, d);
  for (const at of layers) {
    wanted.tensor(`${at}input_layernorm.weight`, d);
    wanted.linear(`${at}self_attn.q_proj`, heads * width, d, traits.bias.qkv);
    wanted.linear(`${at}self_attn.k_proj`, keyHeads * width, d, traits.bias.qkv);
    wanted.linear(`${at}self_attn.v_proj`, keyHeads * width, d, traits.bias.qkv);
    wanted.linear(`${at}self_attn.o_proj`, d, heads * width, traits.bias.output);
    if (traits.headNorm) {
      wanted.tensor(`${at}self_attn.q_norm.weight`, width);
      wanted.tensor(`${at}self_attn.k_norm.weight`, width);
    }
    wanted.tensor(`${at}post_attention_layernorm.weight`, d);
    wanted.linear(`${at}mlp.gate_proj`, inner, d, traits.bias.mlp);
    wanted.linear(`${at}mlp.up_proj`, inner, d, traits.bias.mlp);
    wanted.linear(`${at}mlp.down_proj`, d, inner, traits.bias.mlp);
  }
  wanted.tensor(`${prefix}norm.weight`, d);
  expectTensors(tensors, wanted, layers, IDLE);
  const last = layers.at(-1)!;

  return {
    architecture,
    width: d,
    vocabulary,
    positions,
    tensors: [...wanted.shapes.keys()],
    lastMlp: {
      matrices: {
        up: `${last}mlp.up_proj.weight`,
        gate: `${last}mlp.gate_proj.weight`,
        down: `${last}mlp.down_proj.weight`,
      },
      transposed: false,
      activation,
      norm: { weight: `${prefix}norm.weight`, epsilon, centred: false },
    },

    build(g, weights, ids, maxTokens = positions, tap) {
      const frame = frameOf(g, ids);
      const rotate = rotation(g, frame, rope, width, maxTokens);
      const { embedding, linear, rmsNorm } = layersOf(g, weights, epsilon);

      const attend = (x: string, at: string, window: number | undefined): string => {
        const split = (name: string, count: number) => frame.unfold(linear(x, `${at}${name}_proj`), [count, width]);
        const turned = (name: string, count: number) => {
          const parts = split(name, count);
          return rotate(traits.headNorm ? rmsNorm(parts, `${at}${name}_norm`) : parts);
        };
        const q = turned('self_attn.q', heads);
        const k = turned('self_attn.k', keyHeads);
        const v = split('self_attn.v', keyHeads);
        const mask = frame.mask(window === undefined || window >= maxTokens ? undefined : window);
        const shape = { query: heads, key: keyHeads, width, scale: 1 / Math.sqrt(width) };
        return linear(attention(g, q, k, v, mask, shape, frame.tokens), `${at}self_attn.o_proj`);
      };

      let x = g.node('Reshape', [embedding(ids, `${prefix}embed_tokens`), g.ints([-1, d])]); // [N,d]
      for (const [i, at] of layers.entries()) {
        x = g.node('Add', [x, attend(rmsNorm(x, `${at}input_layernorm`), at, windows[i])]);
        const input = rmsNorm(x, `${at}post_attention_layernorm`);
        const gate = linear(input, `${at}mlp.gate_proj`);
        const up = linear(input, `${at}mlp.up_proj`);
        const wide = g.node('Mul', [ACTIVATIONS[activation](g, gate), up]);
        x = g.node('Add', [x, linear(wide, `${at}mlp.down_proj`)]);
        if (at === last) tap?.({ stream: x, input, up, gate, wide });
      }
      return frame.unfold(rmsNorm(x, `${prefix}norm`), [d]);
    },
  };
}
