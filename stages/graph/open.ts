/** From checkpoints on disk to a session that measures: body, head and deltas as one model. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Delta } from '../checkpoint/delta.ts';
import { CheckpointError } from '../checkpoint/error.ts';
import type { Body } from './families.ts';
import type { SketchTail } from './head.ts';
import { gradientModel } from './model.ts';
import type { Provider } from './providers.ts';
import type { Precision } from './quantize.ts';
import { openSession, type Session } from './session.ts';

export interface MeasureOptions {
  readonly body: Body;
  readonly deltas: readonly Delta[];
  readonly sketch?: SketchTail | undefined;
  /** Tokens of the longest window. */
  readonly window: number;
  readonly precision: Precision;
  readonly providers: readonly Provider[];
  readonly threads: number;
}

/**
 * A session for the gradient stage, whose columns are the deltas in the order given. Of a remote checkpoint the body's tensors
 * and the head are fetched; of a tuned one only the head.
 *
 * @throws CheckpointError where the head's width is not the body's
 */
export async function openMeasure(base: Checkpoint, options: MeasureOptions): Promise<Session> {
  const { body, deltas, sketch, window, precision, providers, threads } = options;
  const { head } = base;
  if (head.shape[1] !== body.width) {
    throw new CheckpointError(
      `${base.ref}: the head ${head.name} has shape [${head.shape}], expected ${body.width} columns, the body's width`,
    );
  }
  const weights = await base.local([...body.tensors, head.name]);
  const heads = await Promise.all(
    deltas.map(async ({ tuned, vocabulary }) => {
      const local = await tuned.local([tuned.head.name]);
      return { kind: 'full', tuned: local.get(tuned.head.name)!, shared: vocabulary.shared } as const;
    }),
  );
  const model = gradientModel(
    { body, weights, maxTokens: window, precision },
    { base: weights.get(head.name)!, deltas: heads, norm: true, lossTunedHead: true, sketch },
  );
  return openSession({ model, providers, threads });
}
