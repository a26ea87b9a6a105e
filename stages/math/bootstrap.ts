/** Percentile bootstrap intervals: how far a statistic of n documents would move had others of their kind been drawn. */
import { random } from './random.ts';

export interface Interval {
  /** The statistic of the documents as they are. */
  readonly value: number;
  /** The interval that holds `level` of the resamples. */
  readonly low: number;
  readonly high: number;
}

/** A statistic of documents each drawn `counts[i]` times, [n]. */
export type Statistic = (counts: Uint32Array) => number;

export interface BootstrapOptions {
  readonly seed: number;
  /** By default 1,000. */
  readonly resamples?: number;
  /** By default .95. */
  readonly level?: number;
  /** [n] documents are drawn anew within their stratum alone, so that its size stays; by default all are one. */
  readonly strata?: ArrayLike<number>;
}

/**
 * The interval of a statistic. A difference of two statistics of the same documents is paired by being taken inside it: both
 * then see each resample, and what moves them together drops out.
 */
export function bootstrap(n: number, statistic: Statistic, options: BootstrapOptions): Interval {
  const { seed, resamples = 1000, level = 0.95, strata } = options;
  if (n < 1) throw new RangeError('bootstrap: expected at least one document, got none');
  const groups = Map.groupBy(Array(n).keys(), (i) => strata?.[i] ?? 0);
  const members = [...groups.values()].map((group) => Uint32Array.from(group));
  const draw = random(seed);
  const counts = new Uint32Array(n);

  const values = Float64Array.from({ length: resamples }, (_, resample) => {
    const words = draw.words(resample, 0, n);
    counts.fill(0);
    let at = 0;
    for (const group of members) {
      for (let i = 0; i < group.length; i++) {
        const drawn = Math.floor((words[at++]! / 2 ** 32) * group.length);
        counts[group[drawn]!]!++;
      }
    }
    return statistic(counts);
  }).sort();
  const tail = (1 - level) / 2;
  return { value: statistic(counts.fill(1)), low: quantile(values, tail), high: quantile(values, 1 - tail) };
}

/** Linear between the two nearest of `sorted`. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  return low + (place - below) * ((sorted[below + 1] ?? low) - low);
}

/** The mean of `values` [n], each counted as often as it is drawn: of paired differences, a paired bootstrap. */
export function meanOf(values: ArrayLike<number>): Statistic {
  return (counts) => {
    let sum = 0;
    let drawn = 0;
    for (let i = 0; i < counts.length; i++) {
      sum += counts[i]! * values[i]!;
      drawn += counts[i]!;
    }
    return sum / drawn;
  };
}
