/** Times several ways of doing a thing in turn, so that whatever else the machine does falls on all of them alike. */
export type Racers = Readonly<Record<string, () => Promise<unknown>>>;

/**
 * CPU milliseconds of each run, in the order they were made; a first one of each is not counted. On one thread this is the time
 * that passes where nothing else runs, and it stays nearly the same where something does.
 */
export async function race(racers: Racers, rounds: number): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>();
  for (const [name, run] of Object.entries(racers)) {
    await run();
    times.set(name, []);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(racers)) {
      const before = process.cpuUsage();
      await run();
      const { user, system } = process.cpuUsage(before);
      times.get(name)!.push((user + system) / 1000);
    }
  }
  return times;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median over the rounds of how many times faster the second was than the first: a round's two runs are neighbours in time. */
export function medianRatio(first: readonly number[], second: readonly number[]): number {
  return median(first.map((time, round) => time / second[round]!));
}
