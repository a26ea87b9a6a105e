export interface Ahead<In> {
  /** Items under way at a time. */
  readonly most: number;
  readonly weightOf?: (item: In) => number;
  /** Together they weigh no more than that and one item. */
  readonly heaviest?: number;
}

/**
 * What `make` makes of each item, in the order of the items, with some under way at a time. Leaving the loop aborts those.
 */
export async function* ahead<In, Out>(
  items: AsyncIterable<In>,
  { most, weightOf = () => 0, heaviest = Infinity }: Ahead<In>,
  make: (item: In, signal: AbortSignal) => Promise<Out>,
  signal: AbortSignal,
): AsyncGenerator<Out> {
  const left = new AbortController();
  const both = AbortSignal.any([signal, left.signal]);
  const underWay: { readonly made: Promise<Out>; readonly weight: number }[] = [];
  let weight = 0;

  function next(): Promise<Out> {
    const first = underWay.shift()!;
    weight -= first.weight;
    return first.made;
  }

  try {
    for await (const item of items) {
      const made = make(item, both);
      made.catch(() => {}); // thrown where it is awaited
      const own = weightOf(item);
      underWay.push({ made, weight: own });
      weight += own;
      while (underWay.length >= most || (weight >= heaviest && underWay.length > 0)) yield await next();
    }
    while (underWay.length > 0) yield await next();
  } finally {
    left.abort();
    await Promise.allSettled(underWay.map(({ made }) => made));
  }
}
