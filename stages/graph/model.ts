/** The whole graph of a measurement: the body of a checkpoint with the tail of head.ts. */
import type { LowRank } from '../checkpoint/adapter.ts';
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/error.ts';
import { adapted } from './adapted.ts';
import { answersOf, appendLabelHead } from './answers.ts';
import type { Body } from './families.ts';
import { appendHead, type HeadOptions, type TunedStates } from './head.ts';
import type { MlpDelta, MlpParts, MlpValues } from './last-mlp.ts';
import { graph } from './onnx.ts';
import { type Precision, quantized } from './quantize.ts';

/** Input: token ids [B,T] int64, padded on the right with any valid id. */
export const IDS = 'ids';

/** Output of a body alone: the last hidden states [B,T,d]. */
export const HIDDEN = 'hidden';

export interface ModelParts {
  readonly body: Body;
  readonly weights: ReadonlyMap<string, LocalTensor>;
  /** Tokens of the longest window, by default the body's limit. */
  readonly maxTokens?: number;
  /** Of the products with the checkpoint's matrices, by default float32. */
  readonly precision?: Precision;
}

/** The whole tuned model: a checkpoint of its own, or the base with an adapter. */
export interface TunedModel {
  readonly body: Body;
  readonly weights: ReadonlyMap<string, LocalTensor>;
  readonly head: LocalTensor;
  /** What an adapter takes from a matrix of these weights. */
  readonly less?: ((tensor: string) => LowRank | undefined) | undefined;
}

/** Whose gradient is measured, and by which models. */
export interface Measured {
  readonly head: boolean;
  /** D of the last block's MLP for each delta; undefined where that gradient does not count. */
  readonly mlp: readonly MlpDelta[] | undefined;
  /** Runs beside the base where it is there. */
  readonly tuned?: TunedModel | undefined;
  /** In place of the tokens that came, targets are what the tuned model answers. */
  readonly answers?: Answers | undefined;
}

/** Labels of a classifier. */
export interface Answers {
  readonly tokens: readonly number[];
  /** The softmax of every loss runs over the labels, rather than over the vocabulary. */
  readonly labelsOnly: boolean;
}

/**
 * The encoded model of the gradient stage: ids and scored positions in, what head.ts declares out. The gradient of an MLP is taken at
 * one point, `base` or `tuned`.
 *
 * @throws CheckpointError where the gradient of the last MLP is asked for and the body does not say where it is
 */
export function gradientModel(
  parts: ModelParts,
  options: Omit<HeadOptions, 'gradients' | 'tuned'>,
  { head, mlp: deltas, tuned, answers }: Measured = { head: true, mlp: undefined },
): Uint8Array {
  const { body, weights, maxTokens, precision = 'float32' } = parts;
  const g = precision === 'int8' ? quantized(graph('deltasift')) : graph('deltasift');
  const ids = g.input(IDS, 'int64', ['B', 'T']);
  const atTuned = options.points?.[0] === 'tuned';
  let mlp: MlpParts | undefined;
  const tap = (values: MlpValues) => {
    if (deltas !== undefined && body.lastMlp !== undefined) mlp = { mlp: body.lastMlp, values, weights, deltas };
  };
  const hidden = body.build(g, weights, ids, maxTokens, tap);
  if (deltas !== undefined && mlp === undefined) {
    throw new CheckpointError(
      `${body.architecture}: where the last MLP is in this body is not known; use --layers head`,
    );
  }
  const tunedStates = tuned === undefined ? undefined : statesOf(tuned);
  const tail: HeadOptions = { ...options, tuned: tunedStates, gradients: { head, mlp } };
  if (answers === undefined) {
    appendHead(g, hidden, tail);
    return g.finish();
  }
  if (tunedStates === undefined) throw new RangeError('labels are what a tuned model answers, and there is none');
  const targets = (rows: string) => answersOf(g, tunedStates, rows, answers);
  if (answers.labelsOnly) appendLabelHead(g, hidden, { ...tail, targets }, answers.tokens);
  else appendHead(g, hidden, { ...tail, targets });
  return g.finish();

  function statesOf({ body: own, weights: after, head: tunedHead, less }: TunedModel): TunedStates {
    const tunedGraph = less === undefined ? g : adapted(g, less);
    const tunedTap = (values: MlpValues) => {
      if (atTuned && mlp !== undefined) mlp = { ...mlp, values, weights: after, graph: tunedGraph, before: weights };
    };
    return { hidden: own.build(tunedGraph, after, ids, maxTokens, tunedTap), head: tunedHead, graph: tunedGraph };
  }
}

/** The encoded model of the body alone. */
export function bodyModel({ body, weights, maxTokens }: ModelParts): Uint8Array {
  const g = graph('deltasift-body');
  g.output(body.build(g, weights, g.input(IDS, 'int64', ['B', 'T']), maxTokens), HIDDEN, 'float32', [
    'B',
    'T',
    body.width,
  ]);
  return g.finish();
}
