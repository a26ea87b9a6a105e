/**
 * The distribution of a stream of numbers in a few kilobytes: any quantile to 1 % of its value, and exact merging (DDSketch, Masson,
 * Rim and Lee 2019). A number x is counted in the bin i = ⌈log_γ |x|⌉ of its sign, which stands for 2γⁱ/(γ + 1): with
 * γ = (1 + a)/(1 − a) that is within a·|x| of everything in it.
 */

export interface QuantileSketch {
  readonly count: number;
  /** @throws RangeError where the value is not finite */
  add(value: number): void;
  /** The value that a share q in [0, 1] of the numbers are at or below; NaN of an empty sketch. */
  quantile(q: number): number;
  /** The share of the numbers that are at or below a value, to within its bin; NaN of an empty sketch. */
  share(value: number): number;
  /** The bins that hold a number, from the least to the greatest: what each stands for, and how many it holds. */
  bins(): IterableIterator<readonly [value: number, n: number]>;
  /** What the other has seen counts as seen here: the same sketch, whatever the order or split. */
  merge(other: QuantileSketch): void;
  /** Equal for equal counts. */
  bytes(): Uint8Array;
}

/** a */
const RELATIVE_ACCURACY = 0.01;
const GAMMA = (1 + RELATIVE_ACCURACY) / (1 - RELATIVE_ACCURACY);
const LOG_GAMMA = Math.log(GAMMA);

/** Anything nearer to 0 counts as 0, so that numbers of ordinary size fall into at most some 2,000 bins. */
const SMALLEST = 1e-9;

/** @param saved what `bytes` gave */
export function quantileSketch(saved?: Uint8Array): QuantileSketch {
  /** Counts by bin: those of negative numbers, of 0, of positive ones. */
  const negative = new Map<number, number>();
  const positive = new Map<number, number>();
  let zeros = 0;
  let count = 0;

  function read(bytes: Uint8Array): void {
    ordered = undefined;
    const [atZero = 0, below = 0, ...pairs] = new Float64Array(new Uint8Array(bytes).buffer);
    zeros += atZero;
    count += atZero;
    for (let i = 0; i < pairs.length; i += 2) {
      const bins = i < 2 * below ? negative : positive;
      bins.set(pairs[i]!, (bins.get(pairs[i]!) ?? 0) + pairs[i + 1]!);
      count += pairs[i + 1]!;
    }
  }

  /** What `ascending` goes through; made when first asked for after a change. */
  let ordered: readonly (readonly [number, number])[] | undefined;

  /** From the least number to the greatest: what a bin stands for, and how many are in it. */
  function ascending(): readonly (readonly [number, number])[] {
    ordered ??= [
      ...sorted(negative)
        .reverse()
        .map(([bin, n]) => [-middle(bin), n] as const),
      ...(zeros > 0 ? [[0, zeros] as const] : []),
      ...sorted(positive).map(([bin, n]) => [middle(bin), n] as const),
    ];
    return ordered;
  }

  if (saved !== undefined) read(saved);
  return {
    get count() {
      return count;
    },

    add(value) {
      if (!Number.isFinite(value)) throw new RangeError(`quantile sketch: expected a finite number, got ${value}`);
      ordered = undefined;
      count++;
      const size = Math.abs(value);
      if (size < SMALLEST) {
        zeros++;
        return;
      }
      const bins = value < 0 ? negative : positive;
      const bin = Math.ceil(Math.log(size) / LOG_GAMMA);
      bins.set(bin, (bins.get(bin) ?? 0) + 1);
    },

    quantile(q) {
      if (!(q >= 0 && q <= 1)) throw new RangeError(`quantile sketch: expected a share in [0, 1], got ${q}`);
      const rank = q * (count - 1);
      let before = 0;
      for (const [value, n] of ascending()) {
        before += n;
        if (before > rank) return value;
      }
      return Number.NaN;
    },

    share(value) {
      let below = 0;
      for (const [at, n] of ascending()) if (at <= value || sameBin(at, value)) below += n;
      return below / count;
    },

    bins: () => ascending().values(),
    merge: (other) => read(other.bytes()),

    bytes() {
      const pairs = [...sorted(negative), ...sorted(positive)].flat();
      return new Uint8Array(Float64Array.of(zeros, negative.size, ...pairs).buffer);
    },
  };
}

/** The distribution of all that these, as `bytes` gave them, are of. */
export function mergedSketch(parts: Iterable<Uint8Array>): QuantileSketch {
  const whole = quantileSketch();
  for (const part of parts) whole.merge(quantileSketch(part));
  return whole;
}

/** Whether a value is counted in the bin that `middle` stands for. */
function sameBin(at: number, value: number): boolean {
  return Math.sign(at) === Math.sign(value) && Math.abs(value - at) <= RELATIVE_ACCURACY * Math.abs(value);
}

function sorted(bins: ReadonlyMap<number, number>): [number, number][] {
  return [...bins].sort(([a], [b]) => a - b);
}

function middle(bin: number): number {
  return (2 * GAMMA ** bin) / (GAMMA + 1);
}
