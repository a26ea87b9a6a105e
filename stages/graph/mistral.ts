/** Mistral: Llama without biases, every layer with the same sliding window. */
import { decoder } from './decoder.ts';
import type { Body, Description } from './families.ts';
import { fieldsOf } from './fields.ts';

const DEFAULT_WINDOW = 4096;

export function mistral(checkpoint: Description): Body {
  const fields = fieldsOf(checkpoint.config);
  fields.only('attention_bias', [false]);
  fields.only('mlp_bias', [false]);
  // Here null is not absent: it says that there is no window.
  const window =
    checkpoint.config['sliding_window'] === null ? undefined : fields.count('sliding_window', DEFAULT_WINDOW);
  const type = window === undefined ? 'full_attention' : 'sliding_attention';
  for (const given of fields.strings('layer_types') ?? []) {
    if (given !== type) throw fields.refusal('layer_types', `${type} in every layer, as sliding_window has it`);
  }
  return decoder(checkpoint, {
    modelType: 'mistral',
    maxPositions: 131_072,
    bias: { qkv: false, output: false, mlp: false },
    headNorm: false,
    windows: (depth) => Array.from({ length: depth }, () => window),
  });
}
