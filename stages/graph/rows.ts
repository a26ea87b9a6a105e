/** Ranges of the vocabulary's rows: what is made of one is made once. */

/** From the first row up to and without the second. */
export type Rows = readonly [number, number];

export function byRows<T>(make: (rows: Rows) => T): (rows: Rows) => T {
  const made = new Map<number, T>();
  return (rows) => {
    const [from] = rows;
    if (!made.has(from)) made.set(from, make(rows));
    return made.get(from)!;
  };
}

/** Ranges that cover a vocabulary, at most `size` rows each, with a boundary at each of `cuts`. */
export function rangesOf(vocabulary: number, size: number, cuts: readonly number[]): readonly Rows[] {
  const all = new Set([0, vocabulary, ...cuts.filter((row) => row > 0 && row < vocabulary)]);
  for (let row = size; row < vocabulary; row += size) all.add(row);
  const sorted = [...all].sort((a, b) => a - b);
  return sorted.slice(1).map((to, i) => [sorted[i]!, to] as const);
}
