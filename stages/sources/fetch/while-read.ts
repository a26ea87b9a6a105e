import type { Source } from '../../../pipeline/contract.ts';

/** The same source; `close` is called whenever nobody reads it any more. */
export function whileRead(source: Source, close: () => Promise<void>): Source {
  const { locate } = source;
  let readers = 0;

  async function* counted<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    readers++;
    try {
      yield* items;
    } finally {
      if (--readers === 0) await close();
    }
  }

  return {
    ...source,
    read: (cursor, signal) => counted(source.read(cursor, signal)),
    ...(locate && {
      async locate(cursor, signal) {
        readers++;
        try {
          return await locate(cursor, signal);
        } finally {
          if (--readers === 0) await close();
        }
      },
    }),
  };
}
