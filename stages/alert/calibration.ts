/** The distribution of a measure over a delta's own stream, and the value that a given share of its documents passes. */
import { tailQuantile } from '../math/pareto.ts';
import { type QuantileSketch, quantileSketch } from '../math/quantile.ts';

/** The value that a share `rate` of the documents passes. */
export interface Threshold {
  readonly rate: number;
  readonly value: number;
  /** Where it would lie had other documents of their kind come, at .95. */
  readonly low: number;
  readonly high: number;
  /** Fewer than 100 documents passed it so far: it comes from a fit to the tail. */
  readonly extrapolated: boolean;
}

export interface Calibration {
  /** Documents seen. */
  readonly count: number;
  /** @param at seconds since 1970 */
  add(value: number, at: number): void;
  /** @throws RangeError where the rate is not in (0, 1), or fewer than 100 documents were seen */
  threshold(rate: number): Threshold;
  /** Share of the documents at or below a value. */
  share(value: number): number;
  /** Documents a second over about the last hour; undefined before there are ten minutes of them. */
  perSecond(): number | undefined;
  /** All of it, for `calibration` to go on from. */
  bytes(): Uint8Array;
}

/** Documents that pass a threshold before counting is enough: the rate is then known to a tenth. */
export const COUNTED = 100;
/** The largest values, kept one by one. */
const TAIL = 1000;
/** A tail begins at the largest tenth. */
const TAIL_SHARE = 0.1;
/** A fit is taken again once there are so many times the documents. */
const REFIT = 1.05;
const HOUR = 3600;
const TEN_MINUTES = 600;
const SEED = 0;
/** 1.96: two-sided .95 of a normal distribution. */
const Z = 1.959964;

/** @param saved what `bytes` gave */
export function calibration(saved?: Uint8Array): Calibration {
  const restored = restore(saved);
  const { sketch } = restored;
  /** Descending. */
  const largest = [...restored.largest];
  let { since, latest, recent } = restored;
  const fits = new Map<number, { readonly count: number; readonly threshold: Threshold }>();

  function keep(value: number): void {
    if (largest.length === TAIL && value <= largest.at(-1)!) return;
    let [from, to] = [0, largest.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (largest[middle]! >= value) from = middle + 1;
      else to = middle;
    }
    largest.splice(from, 0, value);
    if (largest.length > TAIL) largest.pop();
  }

  /** The value that so many documents pass. */
  function passedBy(documents: number): number {
    const place = Math.max(0, Math.floor(documents));
    return largest[place] ?? sketch.quantile(Math.max(0, 1 - documents / sketch.count));
  }

  function counted(rate: number): Threshold {
    const passing = rate * sketch.count;
    const spread = Z * Math.sqrt(passing);
    return {
      rate,
      value: passedBy(passing),
      low: passedBy(passing + spread),
      high: passedBy(passing - spread),
      extrapolated: false,
    };
  }

  function fitted(rate: number): Threshold {
    const known = fits.get(rate);
    if (known !== undefined && sketch.count < REFIT * known.count) return known.threshold;
    const tail = Float64Array.from(largest.slice(0, Math.floor(TAIL_SHARE * sketch.count)));
    const threshold = { rate, ...tailQuantile(tail, sketch.count, rate, SEED), extrapolated: true };
    fits.set(rate, { count: sketch.count, threshold });
    return threshold;
  }

  return {
    get count() {
      return sketch.count;
    },

    add(value, at) {
      sketch.add(value);
      keep(value);
      since = Math.min(since, at);
      recent = (recent === 0 ? 0 : decayed(recent, at - latest)) + 1;
      latest = Math.max(latest, at);
    },

    threshold(rate) {
      if (!(rate > 0 && rate < 1)) throw new RangeError(`threshold: expected a share in (0, 1), got ${rate}`);
      if (sketch.count < COUNTED) throw new RangeError(`threshold: expected ${COUNTED} documents, got ${sketch.count}`);
      return rate * sketch.count >= COUNTED ? counted(rate) : fitted(rate);
    },

    share: (value) => sketch.share(value),

    perSecond() {
      const age = latest - since;
      return age < TEN_MINUTES ? undefined : recent / (HOUR * (1 - Math.exp(-age / HOUR)));
    },

    bytes() {
      const bytes = sketch.bytes();
      const head = Float64Array.of(since, latest, recent, largest.length, ...largest);
      return Buffer.concat([Buffer.from(head.buffer), bytes]);
    },
  };
}

/**
 * What `calibration` goes on from where the distribution is known already, but not when its documents came.
 *
 * @param largest descending
 */
export function seeded(sketch: Uint8Array, largest: readonly number[]): Uint8Array {
  const kept = largest.slice(0, TAIL);
  return Buffer.concat([
    Buffer.from(Float64Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, kept.length, ...kept).buffer),
    sketch,
  ]);
}

interface Saved {
  readonly sketch: QuantileSketch;
  readonly largest: Float64Array;
  /** Seconds since 1970 of the first and the last document. */
  readonly since: number;
  readonly latest: number;
  /** Documents, each counting for e^(-age/hour). */
  readonly recent: number;
}

const HEAD = 4;

function restore(saved: Uint8Array | undefined): Saved {
  if (saved === undefined) {
    return { sketch: quantileSketch(), largest: new Float64Array(), since: Infinity, latest: -Infinity, recent: 0 };
  }
  const values = new Float64Array(new Uint8Array(saved).buffer);
  const [since = 0, latest = 0, recent = 0, n = 0] = values;
  const end = HEAD + n;
  return {
    sketch: quantileSketch(saved.subarray(end * Float64Array.BYTES_PER_ELEMENT)),
    largest: values.slice(HEAD, end),
    since,
    latest,
    recent,
  };
}

function decayed(count: number, seconds: number): number {
  return seconds > 0 ? count * Math.exp(-seconds / HOUR) : count;
}
