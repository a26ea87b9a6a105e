/** The k best of a stream: score descending, then key. */

export interface Ranking {
  /**
   * Undefined where the key is not among the k best, or is there with this score already; else what it pushed out, if anything.
   * In any order and any repetition, the same offers give the same ranking.
   */
  offer(key: string, score: number): { readonly evicted: string | undefined } | undefined;
}

interface Ranked {
  readonly key: string;
  readonly score: number;
}

/** @param saved an earlier ranking, best first */
export function ranking(k: number, saved: Iterable<Ranked> = []): Ranking {
  const ranked = Array.from(saved, ({ key, score }) => ({ key, score }));
  const keys = new Set(ranked.map(({ key }) => key));

  /** How many stand before it. */
  function placeOf(one: Ranked): number {
    let [from, to] = [0, ranked.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (isBefore(ranked[middle]!, one)) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  return {
    offer(key, score) {
      if (keys.has(key)) return undefined;
      const place = placeOf({ key, score });
      if (place >= k) return undefined;
      ranked.splice(place, 0, { key, score });
      keys.add(key);
      if (ranked.length <= k) return { evicted: undefined };
      const evicted = ranked.pop()!.key;
      keys.delete(evicted);
      return { evicted };
    },
  };
}

function isBefore(a: Ranked, b: Ranked): boolean {
  return a.score > b.score || (a.score === b.score && a.key < b.key);
}
