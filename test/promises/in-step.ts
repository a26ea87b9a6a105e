import type { Crawled, Source, Unit } from '../../pipeline/contract.ts';

/** Records that one source may be ahead of the slowest. */
const AHEAD = 8;

/**
 * The same sources, read side by side and none far ahead of the others, so that whoever is killed is killed in the middle of all of
 * them. Each has to be read to its end.
 */
export function inStep(sources: readonly Source[]): readonly Source[] {
  const read = sources.map(() => 0);
  const waiting = new Set<() => void>();

  function moved(): void {
    for (const resume of waiting) resume();
    waiting.clear();
  }

  async function turn(i: number): Promise<void> {
    while (read[i]! > Math.min(...read) + AHEAD) await new Promise<void>((resolve) => waiting.add(resolve));
  }

  async function* stepped(i: number, records: AsyncIterable<Crawled>): AsyncGenerator<Crawled> {
    for await (const record of records) {
      await turn(i);
      yield record;
      read[i]!++;
      moved();
    }
  }

  async function* ended<T>(i: number, items: AsyncIterable<T>): AsyncGenerator<T> {
    yield* items;
    read[i] = Number.POSITIVE_INFINITY;
    moved();
  }

  return sources.map((source, i): Source => {
    const { units } = source;
    if (units === undefined)
      return { ...source, read: (cursor, signal) => ended(i, stepped(i, source.read(cursor, signal))) };
    const step = (unit: Unit): Unit => ({ ...unit, read: (...asked) => stepped(i, unit.read(...asked)) });
    return {
      ...source,
      async *units(...asked) {
        for await (const unit of ended(i, units.apply(source, asked))) yield step(unit);
      },
    };
  });
}
