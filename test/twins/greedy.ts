/** Greedy picking and single exchanges over a whole Gram matrix, every sum taken afresh. */
export interface GramCase {
  readonly gram: readonly (readonly number[])[];
  readonly alignments: readonly number[];
}

/** cos(S, D), up to 1/‖D‖, of the set's sum */
export function reached({ gram, alignments }: GramCase, set: readonly number[]): number {
  const along = set.reduce((sum, i) => sum + alignments[i]!, 0);
  const squared = set.reduce((sum, i) => sum + set.reduce((row, j) => row + gram[i]![j]!, 0), 0);
  return along / Math.sqrt(squared);
}

export function greedyTwin(pool: GramCase, n: number): number[] {
  const set: number[] = [];
  while (set.length < n) {
    const rest = pool.alignments.map((_, i) => i).filter((i) => !set.includes(i));
    set.push(rest.reduce((best, i) => (reached(pool, [...set, i]) > reached(pool, [...set, best]) ? i : best)));
  }
  return set;
}

/** The largest share by which any single exchange still raises what the set reaches. */
export function bestExchangeGain(pool: GramCase, set: readonly number[]): number {
  const now = reached(pool, set);
  const rest = pool.alignments.map((_, i) => i).filter((i) => !set.includes(i));
  return Math.max(...set.flatMap((_, at) => rest.map((i) => reached(pool, set.with(at, i)) / now - 1)));
}
