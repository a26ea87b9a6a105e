import type { Source, Unit } from '../../../pipeline/contract.ts';

/** The same source; `close` is called whenever nobody reads it any more. */
export function whileRead(source: Source, close: () => Promise<void>): Source {
  const { locate, units } = source;
  let readers = 0;

  async function* counted<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    readers++;
    try {
      yield* items;
    } finally {
      if (--readers === 0) await close();
    }
  }

  async function* countedUnits(found: AsyncIterable<Unit>): AsyncGenerator<Unit> {
    for await (const unit of found) yield { ...unit, read: (cursor, signal) => counted(unit.read(cursor, signal)) };
  }

  return {
    ...source,
    read: (cursor, signal) => counted(source.read(cursor, signal)),
    ...(units && { units: (follow, signal) => counted(countedUnits(units.call(source, follow, signal))) }),
    ...(locate && {
      async locate(cursor, signal) {
        readers++;
        try {
          return await locate.call(source, cursor, signal);
        } finally {
          if (--readers === 0) await close();
        }
      },
    }),
  };
}
