/**
 * Picks n documents of a pool so that the sum S of their gradients points along D: the greedy step of "Approximating Language
 * Model Training Data from Weights" (arXiv 2506.15553), then exchanges until no single one raises cos(S, D).
 *
 *     cos(S + g, D) = (⟨S, D⟩ + ⟨g, D⟩) / (‖S + g‖ ‖D‖),   ‖S + g‖² = ‖S‖² + 2⟨g, S⟩ + ‖g‖²
 *
 * All it needs of the gradients are lengths, alignments, and the column of their Gram matrix for each document it picks: exact
 * ones, or sketched and shrunk ones (shrinkage.ts).
 */
export interface Pool {
  /** [M] ⟨g, D⟩ */
  readonly alignments: Float64Array;
  /** [M] ‖g‖ > 0 */
  readonly norms: Float64Array;
  /** ‖D‖ */
  readonly deltaNorm: number;
  /** A bound for each class; without it there is none. */
  readonly classes?: Classes | undefined;
}

export interface Classes {
  /** [M] the class of each document, from 0 on */
  readonly of: ArrayLike<number>;
  /** How many documents of each class may be picked; together they reach what is picked. */
  readonly quotas: readonly number[];
}

/** Columns j of the Gram matrix: ⟨gᵢ, gⱼ⟩ over i, [M] each. */
export type Columns = (indices: readonly number[]) => Promise<readonly Float32Array[]>;

export interface Picked {
  /** In the order they were picked; after an exchange the newcomer stands where the other stood. */
  readonly indices: readonly number[];
  /** cos(S, D) after each pick, before any exchange */
  readonly cosines: readonly number[];
  /** cos(S, D) in the end */
  readonly cosine: number;
  readonly exchanges: number;
}

/** Columns asked for at a time: the one that is needed and those next in line, since one product of many is far cheaper. */
const BLOCK = 32;

/** The share of cos(S, D) that an exchange has to add: columns are float32, and their rounding is no gain. */
const LEAST_GAIN = 1e-7;

/** @throws RangeError where the pool, or what its classes may give, holds fewer than n documents */
export async function greedy(pool: Pool, n: number, columns: Columns, signal: AbortSignal): Promise<Picked> {
  const { alignments, norms, deltaNorm, classes } = pool;
  const size = norms.length;
  if (n > size) throw new RangeError(`greedy: expected a pool of at least ${n}, got ${size}`);
  const allowed = classes?.quotas.reduce((sum, quota) => sum + quota, 0) ?? n;
  if (allowed < n) throw new RangeError(`greedy: expected classes that may give ${n}, got ${allowed}`);

  const members: number[] = [];
  const isMember = new Uint8Array(size);
  const known = new Map<number, Float32Array>();
  const products = new Float64Array(size); // ⟨gᵢ, S⟩
  let alignment = 0; // ⟨S, D⟩
  let squared = 0; // ‖S‖²

  const open = classes?.quotas.slice(); // what is left of each class

  const cosines: number[] = [];
  while (members.length < n) {
    signal.throwIfAborted();
    const values = afterAdding();
    const [next = 0] = largest(values, 1);
    await place(members.length, next, () => largest(values, BLOCK));
    if (open !== undefined) open[classes!.of[next]!]!--;
    cosines.push(cosine());
  }
  let exchanges = 0;
  while (true) {
    signal.throwIfAborted();
    const made = await exchangeBest();
    if (made === 0) break;
    exchanges += made;
  }
  return { indices: members, cosines, cosine: cosine(), exchanges };

  /** x |x| / y rises with x / √y, and needs no root. */
  function rising(x: number, y: number): number {
    return y > 0 ? (x * Math.abs(x)) / y : 0;
  }

  function cosine(): number {
    return squared > 0 ? alignment / (Math.sqrt(squared) * deltaNorm) : 0;
  }

  /** What has to be exceeded, in the terms of `rising`, to count as a gain. */
  function threshold(): number {
    const now = rising(alignment, squared);
    return now + 2 * LEAST_GAIN * Math.abs(now);
  }

  /** [M] what cos(S + g, D) would be for each document, as `rising` has it; -∞ for members. */
  function afterAdding(): Float64Array {
    return norms.map((norm, i) =>
      isMember[i] || isFull(i) ? -Infinity : rising(alignment + alignments[i]!, squared + 2 * products[i]! + norm ** 2),
    );
  }

  function isFull(i: number): boolean {
    return open !== undefined && open[classes!.of[i]!]! <= 0;
  }

  /** Exchanges stay within a class. */
  function differ(i: number, j: number): boolean {
    return classes !== undefined && classes.of[i] !== classes.of[j];
  }

  /** cos(S − m + gᵢ, D) by i, as `rising` has it, for the member m at a place. */
  function afterExchange(at: number): (i: number) => number {
    const m = members[at]!;
    const column = known.get(m)!;
    const without = squared + norms[m]! ** 2 - 2 * products[m]!; // ‖S − m‖²
    const along = alignment - alignments[m]!;
    return (i) => rising(along + alignments[i]!, without + norms[i]! ** 2 + 2 * (products[i]! - column[i]!));
  }

  /** Makes the most promising exchanges, one after the other, each checked against the set as it then is: how many. */
  async function exchangeBest(): Promise<number> {
    const reached = new Float64Array(size).fill(-Infinity);
    for (const at of members.keys()) {
      const after = afterExchange(at);
      for (let i = 0; i < size; i++) {
        const value = isMember[i] || differ(i, members[at]!) ? -Infinity : after(i);
        if (value > reached[i]!) reached[i] = value;
      }
    }
    const promising = largest(reached, BLOCK).filter((i) => reached[i]! > threshold());
    let made = 0;
    for (const i of promising) {
      const values = Float64Array.from(members, (m, at) => (differ(i, m) ? -Infinity : afterExchange(at)(i)));
      const [at = 0] = largest(values, 1);
      if (!(values[at]! > threshold())) continue;
      await place(at, i, () => promising);
      made++;
    }
    return made;
  }

  /** Puts document i at a place, instead of the one there; `likely` are those whose columns may be wanted soon. */
  async function place(at: number, i: number, likely: () => readonly number[]): Promise<void> {
    if (!known.has(i)) {
      const wanted = [i, ...likely().filter((j) => j !== i && !known.has(j))].slice(0, BLOCK);
      const made = await columns(wanted);
      for (const [c, j] of wanted.entries()) known.set(j, made[c]!);
    }
    const previous = members[at];
    members[at] = i;
    isMember[i] = 1;
    alignment += alignments[i]!;
    const column = known.get(i)!;
    for (let j = 0; j < size; j++) products[j]! += column[j]!;
    if (previous !== undefined) {
      isMember[previous] = 0;
      alignment -= alignments[previous]!;
      const old = known.get(previous)!;
      for (let j = 0; j < size; j++) products[j]! -= old[j]!;
    }
    squared = members.reduce((sum, m) => sum + products[m]!, 0);
  }
}

/** Indices of the largest values, largest first, the lower index first where they are equal. */
function largest(values: Float64Array, count: number): readonly number[] {
  const top: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (top.length === count && value <= values[top[count - 1]!]!) continue;
    let rank = top.length;
    while (rank > 0 && values[top[rank - 1]!]! < value) rank--;
    top.splice(rank, 0, i);
    if (top.length > count) top.pop();
  }
  return top;
}
