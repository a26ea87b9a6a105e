/** GPT-NeoX and Pythia: attention and MLP side by side on one residual, part of each head turned by its position. */
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

/** Buffers of older files: the causal mask, what it put in place of a score, and the frequencies. */
const IDLE = /\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/;

export function gptNeoX({ config, architecture, tensors }: Description): Body {
  const fields = fieldsOf(config);
  refuseForeign(fields, 'gpt_neox');
  const vocabulary = fields.count('vocab_size');
  const positions = fields.count('max_position_embeddings', 2048);
  const d = fields.count('hidden_size');
  const depth = fields.count('num_hidden_layers');
  const heads = fields.count('num_attention_heads');
  const inner = fields.count('intermediate_size');
  const epsilon = fields.number('layer_norm_eps', 1e-5);
  const activation = fields.choice('hidden_act', ACTIVATION_NAMES, 'gelu');
  const parallel = fields.flag('use_parallel_residual', true);
  const biased = fields.flag('attention_bias', true);
  if (d % heads !== 0) throw fields.refusal('num_attention_heads', `a divisor of hidden_size, ${d}`);
  const width = d / heads;
  fields.only('head_dim', [width]);
  fields.only('num_key_value_heads', [heads]);
  fields.only('sliding_window', []);
  const rope = ropeOf({ config, headWidth: width, maxPositions: positions, spelling: 'rotary_emb_base' });

  const prefix = prefixOf(tensors, 'gpt_neox.', 'embed_in.weight');
  const layers = Array.from({ length: depth }, (_, i) => `${prefix}layers.${i}.`);
  const wanted = wantedTensors();
  wanted.tensor(`${prefix}embed_in.weight`, vocabulary, d);
  for (const at of layers) {
    wanted.norm(`${at}input_layernorm`, d);
    wanted.linear(`${at}attention.query_key_value`, 3 * d, d, biased);
    wanted.linear(`${at}attention.dense`, d, d, biased);
    wanted.norm(`${at}post_attention_layernorm`, d);
    wanted.linear(`${at}mlp.dense_h_to_4h`, inner, d, true);
    wanted.linear(`${at}mlp.dense_4h_to_h`, d, inner, true);
  }
  wanted.norm(`${prefix}final_layer_norm`, d);
  expectTensors(tensors, wanted, layers, IDLE);
  const last = layers.at(-1)!;

  return {
    architecture,
    width: d,
    vocabulary,
    positions,
    tensors: [...wanted.shapes.keys()],
    lastMlp: {
      matrices: { up: `${last}mlp.dense_h_to_4h.weight`, down: `${last}mlp.dense_4h_to_h.weight` },
      transposed: false,
      activation,
      norm: { weight: `${prefix}final_layer_norm.weight`, epsilon, centred: true },
    },

    build(g, weights, ids, maxTokens = positions, tap) {
      const frame = frameOf(g, ids);
      const rotate = rotation(g, frame, rope, width, maxTokens);
      const { embedding, linear, layerNorm } = layersOf(g, weights, epsilon);

      /** Each head's rows of the fused matrix are its query, key and value, in that order. */
      const attend = (x: string, at: string): string => {
        const mixed = frame.unfold(linear(x, `${at}attention.query_key_value`), [heads, 3 * width]);
        const [q, k, v] = g.nodes('Split', [mixed, g.ints([width, width, width])], 3, { axis: 3 });
        const shape = { query: heads, key: heads, width, scale: 1 / Math.sqrt(width) };
        const seen = attention(g, rotate(q!), rotate(k!), v!, frame.mask(undefined), shape, frame.tokens);
        return linear(seen, `${at}attention.dense`);
      };

      let x = g.node('Reshape', [embedding(ids, `${prefix}embed_in`), g.ints([-1, d])]); // [N,d]
      for (const at of layers) {
        const attended = g.node('Add', [x, attend(layerNorm(x, `${at}input_layernorm`), at)]);
        const input = layerNorm(parallel ? x : attended, `${at}post_attention_layernorm`);
        const up = linear(input, `${at}mlp.dense_h_to_4h`);
        const wide = ACTIVATIONS[activation](g, up);
        x = g.node('Add', [attended, linear(wide, `${at}mlp.dense_4h_to_h`)]);
        if (at === last) tap?.({ stream: x, input, up, gate: undefined, wide });
      }
      return frame.unfold(layerNorm(x, `${prefix}final_layer_norm`), [d]);
    },
  };
}
