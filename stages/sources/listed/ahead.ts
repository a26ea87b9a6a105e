/**
 * What `make` makes of each item, in the order of the items, with up to `most` under way at a time. Leaving the loop aborts those.
 */
export async function* ahead<In, Out>(
  items: AsyncIterable<In>,
  most: number,
  make: (item: In, signal: AbortSignal) => Promise<Out>,
  signal: AbortSignal,
): AsyncGenerator<Out> {
  const left = new AbortController();
  const both = AbortSignal.any([signal, left.signal]);
  const underWay: Promise<Out>[] = [];
  try {
    for await (const item of items) {
      const made = make(item, both);
      made.catch(() => {}); // thrown where it is awaited
      underWay.push(made);
      if (underWay.length >= most) yield await underWay.shift()!;
    }
    while (underWay.length > 0) yield await underWay.shift()!;
  } finally {
    left.abort();
    await Promise.allSettled(underWay);
  }
}
