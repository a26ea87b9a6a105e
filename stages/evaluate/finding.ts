/** How well a ranking finds the documents that are known to be true, with intervals over the documents. */
import { bootstrap, type Interval, type Statistic } from '../math/bootstrap.ts';
import { ranking } from '../math/ranking.ts';

export interface Finding {
  /** Of true documents against all others. */
  readonly auroc: Interval;
  /** Share of the true documents above the score that 1 % of the others reach. */
  readonly tprAt1: Interval;
  /** Share of true documents among the first n. */
  readonly precision: Interval;
  /** Share of all true documents that are among the first n. */
  readonly recall: Interval;
  /** `precision` as a multiple of what n documents drawn at random hold. */
  readonly lift: Interval;
}

export interface FindingOptions {
  readonly n: number;
  readonly seed: number;
  readonly resamples: number;
}

/**
 * True documents and others are drawn anew each for themselves, so that their share stays.
 * @param scores [N]
 * @param member [N] some, not all
 */
export function finding(scores: ArrayLike<number>, member: readonly boolean[], options: FindingOptions): Finding {
  const { n, seed, resamples } = options;
  const made = ranking(scores, member);
  const interval = (statistic: Statistic) =>
    bootstrap(member.length, statistic, { seed, resamples, strata: member.map(Number) });
  return {
    auroc: interval(made.auroc),
    tprAt1: interval((counts) => made.truePositiveRateAt(0.01, counts)),
    precision: interval((counts) => made.precisionAt(n, counts)),
    recall: interval((counts) => made.recallAt(n, counts)),
    lift: interval((counts) => made.liftAt(n, counts)),
  };
}

/** The difference in AUROC of two rankings of the same documents, by a paired bootstrap: above 0 where `a` is better. */
export function advantage(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  member: readonly boolean[],
  { seed, resamples }: Omit<FindingOptions, 'n'>,
): Interval {
  const [first, second] = [ranking(a, member), ranking(b, member)];
  const difference: Statistic = (counts) => first.auroc(counts) - second.auroc(counts);
  return bootstrap(member.length, difference, { seed, resamples, strata: member.map(Number) });
}
