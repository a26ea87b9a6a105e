/** Whole gradients at the base, for the documents whose sums and products have to be exact. */
import { type Checkpoint, openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';
import { type Body, bodyOf } from '../../stages/graph/families.ts';
import { type GradientMatrices, gradientMatrices, type MatrixMode } from '../../stages/graph/matrix.ts';
import type { Provider } from '../../stages/graph/providers.ts';
import type { Environment } from '../environment.ts';

export interface BaseMatricesOptions {
  readonly base: string;
  readonly offline?: boolean | undefined;
  /** Tokens of the longest window. */
  readonly window: number;
  readonly provider: readonly Provider[];
  readonly threads: number;
  /** How the gradient is taken; by default at the base, over the vocabulary. */
  readonly mode?: ModeOf | undefined;
}

export type ModeOf = (model: {
  readonly base: Checkpoint;
  readonly body: Body;
  readonly offline: boolean | undefined;
}) => Promise<MatrixMode>;

export interface BaseMatrices {
  /** To be closed. */
  readonly matrices: GradientMatrices;
  /** [V,d] of the head, and of a gradient. */
  readonly shape: readonly [number, number];
  /** As it was given. */
  readonly ref: string;
}

/** @throws CheckpointError where the base is refused */
export async function openBaseMatrices(
  { base: ref, offline, window, provider: providers, threads, mode }: BaseMatricesOptions,
  { cache, hub, token, offline: always }: Environment,
  signal: AbortSignal,
): Promise<BaseMatrices> {
  const base = await openCheckpoint(ref, { cache, hub, token, offline: offline ?? always }, signal);
  const body = bodyOf(base);
  const weights = await base.local([...body.tensors, base.head.name], signal);
  const [rows = 0, width = 0] = base.head.shape;
  const head = weights.get(base.head.name)!;
  const matrices = await gradientMatrices(
    { body, weights, maxTokens: window },
    head,
    { providers, threads },
    await mode?.({ base, body, offline }),
  );
  return { matrices, shape: [rows, width], ref: base.ref };
}
