/** Which tensor maps hidden states to logits. */
import type { Tensor } from './checkpoint.ts';
import { CheckpointError } from './error.ts';
import type { Json } from './json.ts';

/** Names of a head of its own; the second is GPT-NeoX's. */
const HEADS = ['lm_head.weight', 'embed_out.weight'];

/** Names of the embedding, with and without the prefix of the whole model: GPT-2, GPT-NeoX, Llama and its kin. */
const EMBEDDINGS = ['transformer.wte.weight', 'gpt_neox.embed_in.weight', 'model.embed_tokens.weight'].flatMap(
  (name) => [name, name.slice(name.indexOf('.') + 1)],
);

/** Architectures that share head and embedding where the config says nothing. */
const TIED_BY_DEFAULT = new Set(['GPT2LMHeadModel']);

export interface Head {
  /** [V,d] */
  readonly tensor: Tensor;
  /** A second tensor that the config says is the same as `tensor`. Which one the model uses depends on the reader. */
  readonly twin: Tensor | undefined;
}

/**
 * The head, or the embedding where the config ties the two (`tie_word_embeddings`).
 * @throws CheckpointError where there is none, or it is no matrix
 */
export function headOf(config: Json, architecture: string, tensors: ReadonlyMap<string, Tensor>, ref: string): Head {
  const own = firstOf(HEADS, tensors);
  const embedding = firstOf(EMBEDDINGS, tensors);
  const said = config['tie_word_embeddings'];
  const tied = typeof said === 'boolean' ? said : TIED_BY_DEFAULT.has(architecture) || own === undefined;
  const tensor = tied ? (embedding ?? own) : own;
  if (tensor === undefined) {
    const expected = tied ? `an embedding (${EMBEDDINGS.join(', ')})` : `a head (${HEADS.join(', ')})`;
    throw new CheckpointError(`${ref}: has no head: expected ${expected}, as the config does not say otherwise`);
  }
  if (tensor.shape.length !== 2 || tensor.bytes === 0) {
    throw new CheckpointError(
      `${ref}: the head ${tensor.name} has shape [${tensor.shape}]; expected [vocabulary, width]`,
    );
  }
  return { tensor, twin: tied && tensor !== own ? own : undefined };
}

function firstOf(names: readonly string[], tensors: ReadonlyMap<string, Tensor>): Tensor | undefined {
  return names.map((name) => tensors.get(name)).find((tensor) => tensor !== undefined);
}
