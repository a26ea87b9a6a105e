/** Fields that no architecture known here computes with: a checkpoint that sets one means arithmetic of another kind. */
import type { Fields } from './fields.ts';

/** Each field with the values that mean nothing is done. transformers ignores most of them, which would be silently wrong. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  // another way to store or wire the weights
  quantization_config: [],
  per_layer_config: [],
  pruned_heads: [{}],
  is_encoder_decoder: [false],
  add_cross_attention: [false],
  num_local_experts: [0, 1],
  num_experts: [0, 1],
  // soft caps and factors
  attn_logit_softcapping: [],
  final_logit_softcapping: [],
  query_pre_attn_scalar: [],
  attention_multiplier: [],
  embedding_multiplier: [1],
  residual_multiplier: [1],
  logits_scaling: [1],
  logit_scale: [1],
  clip_qkv: [],
  // other norms and positions
  use_qk_norm: [false],
  qk_layernorm: [false],
  alibi: [false],
  rope_interleaved: [false],
  use_mrope: [false],
  no_rope_layers: [],
  attention_chunk_size: [],
};

/** @throws CheckpointError that names the first such field, or a `model_type` other than the architecture's */
export function refuseForeign(fields: Fields, modelType: string): void {
  fields.only('model_type', [modelType]);
  for (const [name, neutral] of Object.entries(NEUTRAL)) fields.only(name, neutral);
  const code = fields.object('auto_map') ?? {};
  if ('AutoModelForCausalLM' in code || 'AutoModel' in code) {
    throw fields.refusal(
      'auto_map',
      'without model code of its own (--onnx FILE takes a body that such code computes)',
    );
  }
}
