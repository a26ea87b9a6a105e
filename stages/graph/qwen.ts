/** Qwen2 (biases on queries, keys and values) and Qwen3 (a norm over each head of queries and keys). */
import { decoder } from './decoder.ts';
import type { Body, Description } from './families.ts';
import { type Fields, fieldsOf } from './fields.ts';

const MAX_POSITIONS = 32_768;

export function qwen2(checkpoint: Description): Body {
  const fields = fieldsOf(checkpoint.config);
  fields.only('attention_bias', [true]);
  fields.only('mlp_bias', [false]);
  return decoder(checkpoint, {
    modelType: 'qwen2',
    maxPositions: MAX_POSITIONS,
    bias: { qkv: true, output: false, mlp: false },
    headNorm: false,
    windows: windowsOf(fields),
  });
}

export function qwen3(checkpoint: Description): Body {
  const fields = fieldsOf(checkpoint.config);
  const attention = fields.flag('attention_bias', false);
  fields.only('mlp_bias', [false]);
  return decoder(checkpoint, {
    modelType: 'qwen3',
    headWidth: 128,
    maxPositions: MAX_POSITIONS,
    bias: { qkv: attention, output: attention, mlp: false },
    headNorm: true,
    windows: windowsOf(fields),
  });
}

/** Layers slide where `layer_types` says so or, without it, from `max_window_layers` on; none do unless `use_sliding_window`. */
function windowsOf(fields: Fields): (depth: number) => readonly (number | undefined)[] {
  const sliding = fields.flag('use_sliding_window', false);
  const window = fields.count('sliding_window', 4096);
  const first = fields.number('max_window_layers', 28);
  const types = fields.strings('layer_types');

  return (depth) => {
    if (types === undefined)
      return Array.from({ length: depth }, (_, i) => (sliding && i >= first ? window : undefined));
    if (types.length !== depth) throw fields.refusal('layer_types', `a list of ${depth} types, one for each layer`);
    return types.map((type) => {
      if (type === 'full_attention') return undefined;
      if (type === 'sliding_attention' && sliding) return window;
      throw fields.refusal('layer_types', "made of 'full_attention' and, with use_sliding_window, 'sliding_attention'");
    });
  };
}
