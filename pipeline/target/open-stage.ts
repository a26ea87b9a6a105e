/** The gradient stage of a scan: a model in a session, over every delta that is scored. */
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import type { Basis, Gradients, Tokens } from '../../schemas/types.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import type { Tuning } from '../../stages/checkpoint/tuning.ts';
import type { Classification } from '../../stages/classification.ts';
import { gradient, tokenBudgetOf } from '../../stages/gradient.ts';
import type { SketchTail } from '../../stages/graph/head.ts';
import { openMeasure } from '../../stages/graph/open.ts';
import type { Sketch } from '../../stages/math/sketch.ts';
import { project, projectLabels } from '../../stages/project.ts';
import type { WithReplay } from '../../stages/replay/attached.ts';
import { LIKELY } from '../../stages/replay/record.ts';
import type { ScanConfig } from '../config/config.ts';
import type { Stage } from '../contract.ts';
import type { Target } from './target.ts';
import { type RunWatch, timedSession } from './timed-session.ts';

export interface StageOptions {
  /** By default the target's own. */
  readonly deltas?: readonly Tuning[];
  /** Where replay records are to be made: what they are written in. */
  readonly basis?: Basis | undefined;
  /** Told how long runs of the session take. */
  readonly runs?: RunWatch | undefined;
}

/**
 * The stage that holds the session: close it.
 * @throws CheckpointError where the model's answers are not finite
 */
export async function openStage(
  target: Target,
  config: Pick<ScanConfig, 'window' | 'precision' | 'provider' | 'threads' | 'positions'>,
  world: { readonly cores: number; note(sentence: string): void },
  { deltas = [target.delta], basis, runs }: StageOptions = {},
): Promise<Stage<Tokens, WithReplay<Gradients>>> {
  const { base, body, measurement, sketch, classifier } = target;
  const session = await openMeasure(base, {
    body,
    deltas,
    points: target.points,
    tuned: target.tuned,
    answers: classifier && { tokens: classifier.tokens, labelsOnly: classifier.labelLoss === 'labels' },
    sketch: sketch && tailOf(sketch, classifier),
    replay: basis === undefined ? undefined : { directions: basis.directions, rank: basis.rank, likely: LIKELY },
    window: config.window,
    precision: config.precision,
    providers: config.provider,
    threads: config.threads ?? world.cores,
  });
  for (const note of session.notes) world.note(note);
  const stage = gradient({
    session: timedSession(session, runs),
    measurement: measurement.id,
    deltas: deltas.map(({ id }) => id),
    vocabulary: body.vocabulary,
    positions: config.positions,
    labels: classifier?.tokens,
    tokenBudget: tokenBudgetOf(config.window),
    basis,
  });
  try {
    await probe(stage, target, deltas);
    return stage;
  } catch (error) {
    await stage.close?.();
    throw error;
  }
}

/**
 * Weights that are not finite would have every document rejected: found before the first.
 * @throws CheckpointError that names the side at fault
 */
async function probe(
  stage: Stage<Tokens, Gradients>,
  { base, body }: Target,
  deltas: readonly Tuning[],
): Promise<void> {
  const ids = Int32Array.of(0, Math.min(1, body.vocabulary - 1));
  const tokens = {
    key: 'probe',
    id: 'probe',
    url: null,
    text: '',
    ids,
    lengths: Int32Array.of(2),
    firsts: Int32Array.of(1),
    ...NO_PROVENANCE,
  };
  const [outcome] = await stage.process([tokens], AbortSignal.timeout(600_000));
  const [measured] = outcome as readonly Gradients[];
  const { loss, gradientNorm, alignment } = measured!;
  if (!Number.isFinite(loss[0]) || !Number.isFinite(gradientNorm[0])) {
    throw new CheckpointError(
      `${base.ref}: the model answers with a loss of ${loss[0]} and a gradient of length ${gradientNorm[0]}; its weights hold numbers that are not finite, or that overflow`,
    );
  }
  const broken = alignment.findIndex((value) => !Number.isFinite(value));
  if (broken !== -1) {
    throw new CheckpointError(
      `${deltas[broken]!.tuned}: its difference from the base holds numbers that are not finite`,
    );
  }
}

function tailOf(sketch: Sketch, classifier: Classification | undefined): SketchTail {
  return classifier?.labelLoss === 'labels' ? projectLabels(sketch, classifier.tokens) : project(sketch);
}
