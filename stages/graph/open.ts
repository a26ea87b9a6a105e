/** From checkpoints on disk to a session that measures: body, head and deltas as one model. */
import type { Checkpoint, LocalTensor } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/error.ts';
import type { MatrixChange } from '../checkpoint/movement.ts';
import type { Tuning } from '../checkpoint/tuning.ts';
import type { HeadDelta } from './delta-terms.ts';
import type { Body } from './families.ts';
import type { SketchTail } from './head.ts';
import type { MlpDelta } from './last-mlp.ts';
import { type Answers, gradientModel, type TunedModel } from './model.ts';
import type { Point } from './point.ts';
import type { Provider } from './providers.ts';
import type { Precision } from './quantize.ts';
import type { ReplayTail } from './replay.ts';
import { openSession, type Session } from './session.ts';

export interface MeasureOptions {
  readonly body: Body;
  /** All with the same layers. */
  readonly deltas: readonly Tuning[];
  /** Where the gradient is taken, by default at the base; at other points of one delta alone. */
  readonly points?: readonly Point[];
  /** The whole tuned model, where it is to run. */
  readonly tuned?: TunedModel | undefined;
  /** Of a classifier: what the tuned model is asked. */
  readonly answers?: Answers | undefined;
  readonly sketch?: SketchTail | undefined;
  readonly replay?: ReplayTail | undefined;
  /** Tokens of the longest window. */
  readonly window: number;
  readonly precision: Precision;
  readonly providers: readonly Provider[];
  readonly threads: number;
}

/**
 * A session for the gradient stage, whose columns are the deltas in the order given. Of a remote checkpoint the body's tensors
 * and the head are fetched; of a tuned one only what the delta is made of.
 *
 * @throws CheckpointError where the head's width is not the body's
 */
export async function openMeasure(base: Checkpoint, options: MeasureOptions): Promise<Session> {
  const {
    body,
    deltas,
    points = ['base'],
    tuned,
    answers,
    sketch,
    replay,
    window,
    precision,
    providers,
    threads,
  } = options;
  const { head } = base;
  if (head.shape[1] !== body.width) {
    throw new CheckpointError(
      `${base.ref}: the head ${head.name} has shape [${head.shape}], expected ${body.width} columns, the body's width`,
    );
  }
  const weights = await base.local([...body.tensors, head.name]);
  const heads = await Promise.all(deltas.map(({ head: change }) => headDelta(change)));
  const [first] = deltas;
  const mlp =
    first?.mlp === undefined ? undefined : await Promise.all(deltas.map(({ mlp: changes = {} }) => mlpDelta(changes)));
  const model = gradientModel(
    { body, weights, maxTokens: window, precision },
    { base: weights.get(head.name)!, deltas: heads, points, norm: true, lossTunedHead: true, sketch, replay },
    { head: first?.layers !== 'last-mlp', mlp, tuned, answers },
  );
  return openSession({ model, providers, threads });
}

/** D of a head as the graph takes it; of a remote one the head is fetched. */
export async function headDelta(change: Tuning['head']): Promise<HeadDelta> {
  if (change === undefined) return { kind: 'none' };
  return change.kind === 'factors' ? change : { kind: 'full', tuned: await placed(change), shared: change.shared };
}

async function mlpDelta(changes: NonNullable<Tuning['mlp']>): Promise<MlpDelta> {
  const parts = Object.entries(changes).map(async ([matrix, change]) => {
    return [matrix, change.kind === 'factors' ? change : { kind: 'full', tuned: await placed(change) }] as const;
  });
  return Object.fromEntries(await Promise.all(parts));
}

async function placed({ tuned, tensor }: MatrixChange & { readonly kind: 'full' }): Promise<LocalTensor> {
  return (await tuned.local([tensor.name])).get(tensor.name)!;
}
