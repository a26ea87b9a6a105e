/** What documents are ranked by: each a function of what was measured of a window, higher where it looks more like tuning data. */

import { consistencyOf } from '../schemas/consistency.ts';
import type { Score } from '../schemas/types.ts';

/** Of one window, losses in nats per token. */
export interface Measured {
  /** cos(G, D) */
  readonly cosine: number;
  /** ⟨G, D⟩ */
  readonly alignment: number;
  /** As `consistencyOf` has it. */
  readonly consistency: number;
  /** At the base. */
  readonly loss: number;
  /** Of the base's body with the tuned head. */
  readonly lossTunedHead: number;
  /** Of the whole tuned model; null where it did not run. */
  readonly lossTuned: number | null;
}

/** A number beyond every other one: a loss that was not measured has no rank. */
const UNKNOWN = Number.NaN;

/**
 * The log-likelihood ratio is what tuning saves per token. That of the head alone is the alignment integrated over the way from W0 to
 * W1 on the base's hidden states, and needs no second model. As a share of the loss (`relative-`) hard documents do not win by having
 * more to lose. `combined` is the larger of the two shares: after tuning as a classifier the whole model's losses on plain text say
 * nothing, and what the head saves on the base's states does.
 */
export const MEASURES = {
  cosine: ({ cosine }) => cosine,
  alignment: ({ alignment }) => alignment,
  consistency: ({ consistency }) => consistency,
  'head-likelihood-ratio': ({ loss, lossTunedHead }) => loss - lossTunedHead,
  'relative-head-likelihood-ratio': relativeHeadRatio,
  'head-likelihood': ({ lossTunedHead }) => -lossTunedHead,
  'likelihood-ratio': ({ loss, lossTuned }) => loss - (lossTuned ?? UNKNOWN),
  'relative-likelihood-ratio': relativeRatio,
  likelihood: ({ lossTuned }) => -(lossTuned ?? UNKNOWN),
  combined: (of) => Math.max(relativeHeadRatio(of), relativeRatio(of)),
} as const satisfies Readonly<Record<string, (of: Measured) => number>>;

export type Measure = keyof typeof MEASURES;
export const MEASURE_NAMES = Object.keys(MEASURES) as readonly Measure[] as readonly [Measure, ...Measure[]];

/** Those that ask for the whole tuned model. */
export function needsTunedModel(measure: Measure): boolean {
  return Number.isNaN(
    MEASURES[measure]({ cosine: 0, alignment: 0, consistency: 0, loss: 1, lossTunedHead: 1, lossTuned: null }),
  );
}

/** Of a document's best window. */
export function measuredOf(score: Omit<Measured, 'consistency'> & Pick<Score, 'tokenAlignment'>): Measured {
  return { ...score, consistency: consistencyOf(score.tokenAlignment) };
}

function relativeHeadRatio({ loss, lossTunedHead }: Measured): number {
  return share(loss - lossTunedHead, loss);
}

function relativeRatio({ loss, lossTuned }: Measured): number {
  return share(loss - (lossTuned ?? UNKNOWN), loss);
}

/** A text that costs nothing has nothing to lose. */
function share(drop: number, loss: number): number {
  return drop === 0 ? 0 : drop / loss;
}
