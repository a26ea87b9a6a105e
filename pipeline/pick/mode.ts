/** How a store's gradients were measured, for those that are taken again. */
import type { Checkpoint } from '../../stages/checkpoint/checkpoint.ts';
import { openTuning } from '../../stages/checkpoint/tuning.ts';
import type { Body } from '../../stages/graph/families.ts';
import type { MatrixMode } from '../../stages/graph/matrix.ts';
import { headDelta } from '../../stages/graph/open.ts';
import { type Point, pointOf } from '../../stages/graph/point.ts';
import { openTunedModel } from '../../stages/graph/tuned-model.ts';
import type { Environment } from '../environment.ts';
import { openSides } from '../target/target.ts';
import { labelTokens } from './label-tokens.ts';

/**
 * Opens the tuned side where the points ask for it.
 * @param fields of the store's measurement
 * @param side what the user called the tuned one
 * @throws CheckpointError where it is refused
 */
export async function pickingMode(
  fields: Readonly<Record<string, string | number>>,
  side: string,
  { base, body, offline }: { readonly base: Checkpoint; readonly body: Body; readonly offline: boolean | undefined },
  environment: Environment,
  signal: AbortSignal,
): Promise<MatrixMode> {
  const { at = 'base' } = fields;
  const points = String(at)
    .split(',')
    .map((text): Point => pointOf(text) ?? 'base');
  const mode = { points, labels: labelTokens(fields) };
  if (points.join() === 'base') return mode;
  const { tuned } = await openSides({ base: base.ref, tuned: side, offline }, environment, signal);
  const { head } = await openTuning(base, tuned, { layers: 'head', lastMlp: undefined }, signal);
  const model = points.includes('tuned') ? await openTunedModel(base, body, tuned, signal) : undefined;
  return { ...mode, delta: await headDelta(head), tuned: model?.model };
}
