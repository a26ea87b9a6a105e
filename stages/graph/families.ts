/** The architectures that can be built from config.json and tensors, by the names that config.json uses. */
import type { Checkpoint, LocalTensor } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/error.ts';
import { gpt2 } from './gpt2.ts';
import type { LastMlp, MlpValues } from './last-mlp.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import { gptNeoX } from './neox.ts';
import type { Graph } from './onnx.ts';
import { qwen2, qwen3 } from './qwen.ts';

/** What a body is built from. */
export type Description = Pick<Checkpoint, 'config' | 'architecture'> & {
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
};

/** A model without its head: token ids to final hidden states. */
export interface Body {
  readonly architecture: string;
  /** d */
  readonly width: number;
  /** Rows of the embedding: ids are below it. */
  readonly vocabulary: number;
  /** Most tokens that may come; undefined where the model sets no limit. */
  readonly positions: number | undefined;
  /** Names of the tensors that `build` needs. */
  readonly tensors: readonly string[];
  /** The last block's MLP; undefined where it is not known, as of a body from an ONNX file. */
  readonly lastMlp?: LastMlp;
  /**
   * Adds the nodes from `ids` [B,T] to the hidden states [B,T,d] after the last norm. Attention is causal: padding on the
   * right changes nothing before it.
   * @param maxTokens no more tokens than this will come, by default `positions`: tables are as long
   * @param tap is handed the values of the last block's MLP, where `lastMlp` is there
   */
  build(
    graph: Graph,
    weights: ReadonlyMap<string, LocalTensor>,
    ids: string,
    maxTokens?: number,
    tap?: (values: MlpValues) => void,
  ): string;
}

const FAMILIES: Readonly<Record<string, (checkpoint: Description) => Body>> = {
  GPT2LMHeadModel: gpt2,
  GPTNeoXForCausalLM: gptNeoX,
  LlamaForCausalLM: llama,
  MistralForCausalLM: mistral,
  Qwen2ForCausalLM: qwen2,
  Qwen3ForCausalLM: qwen3,
};

export const ARCHITECTURES: readonly string[] = Object.keys(FAMILIES);

/** @throws CheckpointError for an architecture that is not known here, or a config or tensors that it cannot be built from */
export function bodyOf(checkpoint: Description): Body {
  const family = Object.hasOwn(FAMILIES, checkpoint.architecture) ? FAMILIES[checkpoint.architecture] : undefined;
  if (family === undefined) {
    throw new CheckpointError(
      `the architecture ${checkpoint.architecture} is not known here; known are ${ARCHITECTURES.join(', ')}. ` +
        'Any other can be used with --onnx FILE: a model whose output is the last hidden state.',
    );
  }
  return family(checkpoint);
}
