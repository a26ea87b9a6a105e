/** GPT-2: learned positions, LayerNorm before each part, one matrix [d,3d] for queries, keys and values. */
import { ACTIVATION_NAMES, ACTIVATIONS } from './activation.ts';
import { attention } from './attention.ts';
import type { Body, Description } from './families.ts';
import { fieldsOf } from './fields.ts';
import { refuseForeign } from './foreign.ts';
import { frameOf } from './frame.ts';
import { layersOf } from './layers.ts';
import { expectTensors, prefixOf, tensorOf, wantedTensors } from './tensors.ts';

/** Buffers of older files: the causal mask and what it put in place of a score. */
const IDLE = /\.attn\.(bias|masked_bias)$/;

export function gpt2({ config, architecture, tensors }: Description): Body {
  const fields = fieldsOf(config);
  refuseForeign(fields, 'gpt2');
  const vocabulary = fields.count('vocab_size');
  const positions = fields.count('n_positions', 1024);
  const d = fields.count('n_embd');
  const depth = fields.count('n_layer');
  const heads = fields.count('n_head');
  const inner = fields.count('n_inner', 4 * d);
  const epsilon = fields.number('layer_norm_epsilon', 1e-5);
  const activation = fields.choice('activation_function', ACTIVATION_NAMES, 'gelu_new');
  const scaled = fields.flag('scale_attn_weights', true);
  const byLayer = fields.flag('scale_attn_by_inverse_layer_idx', false);
  fields.flag('reorder_and_upcast_attn', false); // the order of float16 products; here all are float32
  if (d % heads !== 0) throw fields.refusal('n_head', `a divisor of n_embd, ${d}`);
  const width = d / heads;
  const scaleOf = (layer: number) => (scaled ? 1 / Math.sqrt(width) : 1) / (byLayer ? layer + 1 : 1);

  const prefix = prefixOf(tensors, 'transformer.', 'wte.weight');
  const layers = Array.from({ length: depth }, (_, i) => `${prefix}h.${i}.`);
  const wanted = wantedTensors();
  const conv = (name: string, into: number, out: number) => {
    wanted.tensor(`${name}.weight`, into, out);
    wanted.tensor(`${name}.bias`, out);
  };
  wanted.tensor(`${prefix}wte.weight`, vocabulary, d);
  wanted.tensor(`${prefix}wpe.weight`, positions, d);
  for (const at of layers) {
    wanted.norm(`${at}ln_1`, d);
    conv(`${at}attn.c_attn`, d, 3 * d);
    conv(`${at}attn.c_proj`, d, d);
    wanted.norm(`${at}ln_2`, d);
    conv(`${at}mlp.c_fc`, d, inner);
    conv(`${at}mlp.c_proj`, inner, d);
  }
  wanted.norm(`${prefix}ln_f`, d);
  expectTensors(tensors, wanted, layers, IDLE);
  const last = layers.at(-1)!;

  return {
    architecture,
    width: d,
    vocabulary,
    positions,
    tensors: [...wanted.shapes.keys()],
    lastMlp: {
      matrices: { up: `${last}mlp.c_fc.weight`, down: `${last}mlp.c_proj.weight` },
      transposed: true,
      activation,
      norm: { weight: `${prefix}ln_f.weight`, epsilon, centred: true },
    },

    build(g, weights, ids, _maxTokens, tap) {
      const frame = frameOf(g, ids);
      const { embedding, conv1d, layerNorm } = layersOf(g, weights, epsilon);

      const tokens = embedding(ids, `${prefix}wte`); // [B,T,d]
      const places = frame.firstRows(g.weight(tensorOf(weights, `${prefix}wpe.weight`))); // [T,d]
      let x = g.node('Reshape', [g.node('Add', [tokens, places]), g.ints([-1, d])]); // [N,d]
      for (const [i, at] of layers.entries()) {
        const mixed = conv1d(layerNorm(x, `${at}ln_1`), `${at}attn.c_attn`); // [N,3d]
        const parts = g.nodes('Split', [mixed, g.ints([d, d, d])], 3, { axis: 1 });
        const [q, k, v] = parts.map((part) => frame.unfold(part, [heads, width])) as [string, string, string];
        const shape = { query: heads, key: heads, width, scale: scaleOf(i) };
        const seen = attention(g, q, k, v, frame.mask(undefined), shape, frame.tokens);
        x = g.node('Add', [x, conv1d(seen, `${at}attn.c_proj`)]);
        const input = layerNorm(x, `${at}ln_2`);
        const up = conv1d(input, `${at}mlp.c_fc`); // [N,inner]
        const wide = ACTIVATIONS[activation](g, up);
        x = g.node('Add', [x, conv1d(wide, `${at}mlp.c_proj`)]);
        if (at === last) tap?.({ stream: x, input, up, gate: undefined, wide });
      }
      return frame.unfold(layerNorm(x, `${prefix}ln_f`), [d]);
    },
  };
}
