/** The whole graph of a measurement: the body of a checkpoint with the tail of head.ts. */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import type { Body } from './families.ts';
import { appendHead, type HeadOptions } from './head.ts';
import { graph } from './onnx.ts';

/** Input: token ids [B,T] int64, padded on the right with any valid id. */
export const IDS = 'ids';

/** Output of a body alone: the last hidden states [B,T,d]. */
export const HIDDEN = 'hidden';

export interface ModelParts {
  readonly body: Body;
  readonly weights: ReadonlyMap<string, LocalTensor>;
  /** Tokens of the longest window, by default the body's limit. */
  readonly maxTokens?: number;
}

/** The encoded model of the gradient stage: ids and scored positions in, what head.ts declares out. */
export function gradientModel({ body, weights, maxTokens }: ModelParts, head: HeadOptions): Uint8Array {
  const g = graph('deltasift');
  appendHead(g, body.build(g, weights, g.input(IDS, 'int64', ['B', 'T']), maxTokens), head);
  return g.finish();
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
