/** Llama and SmolLM. */
import { decoder } from './decoder.ts';
import type { Body, Description } from './families.ts';
import { fieldsOf } from './fields.ts';

export function llama(checkpoint: Description): Body {
  const fields = fieldsOf(checkpoint.config);
  const attention = fields.flag('attention_bias', false);
  const mlp = fields.flag('mlp_bias', false);
  fields.count('pretraining_tp', 1); // slices the products of training, not their sums
  fields.only('sliding_window', []);
  for (const type of fields.strings('layer_types') ?? []) {
    if (type !== 'full_attention') throw fields.refusal('layer_types', 'full_attention in every layer');
  }
  return decoder(checkpoint, {
    modelType: 'llama',
    maxPositions: 2048,
    bias: { qkv: attention, output: attention, mlp },
    headNorm: false,
    windows: () => [],
  });
}
