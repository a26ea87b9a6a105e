/** The k best of a stream: score descending, then the key's bytes in UTF-8, as SQLite orders them. */

export interface Ranking {
  /**
   * Undefined where the key is not among the k best, or is there already; else what it pushed out, if anything. A key has one score:
   * in any order and any repetition, the same offers give the same ranking.
   */
  offer(key: string, score: number): { readonly evicted: string | undefined } | undefined;
}

interface Ranked {
  readonly key: string;
  readonly score: number;
}

/** @param saved the members of an earlier ranking, in any order */
export function ranking(k: number, saved: Iterable<Ranked> = []): Ranking {
  const ranked = Array.from(saved, ({ key, score }) => ({ key, score })).sort((a, b) => (isBefore(a, b) ? -1 : 1)); // best first
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
  return a.score > b.score || (a.score === b.score && Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) < 0);
}
