/** How well scores tell members from the rest. */

/**
 * Documents in the order of a score. Every statistic takes `counts` [n], how often each document is drawn (bootstrap.ts), by
 * default once. NaN where there are no members, or nothing but members. Tied documents share what they tie for: they stand in
 * the order in which an arbitrary one would be expected to put them.
 */
export interface Ranking {
  /** Area under the ROC curve: the probability that a member drawn at random scores above a non-member, a tie counting half. */
  auroc(counts?: ArrayLike<number>): number;
  /** Share of members above the score that a share `rate` of the non-members reach. */
  truePositiveRateAt(rate: number, counts?: ArrayLike<number>): number;
  /** Share of members among the k highest scores, 1 <= k <= documents drawn. */
  precisionAt(k: number, counts?: ArrayLike<number>): number;
  /** Share of all members that are among the k highest scores. */
  recallAt(k: number, counts?: ArrayLike<number>): number;
  /** How many times more members are among the k highest scores than among k drawn at random. */
  liftAt(k: number, counts?: ArrayLike<number>): number;
}

/** Documents of one score: members, and others. */
interface Tie {
  readonly members: number;
  readonly others: number;
}

/**
 * @param scores [n]
 * @param member [n] whether the document behind a score is a member
 * @throws RangeError where the lengths differ or a score is NaN
 */
export function ranking(scores: ArrayLike<number>, member: readonly boolean[]): Ranking {
  const n = member.length;
  if (scores.length !== n) throw new RangeError(`${scores.length} scores, but ${n} members`);
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  if (order.some((i) => Number.isNaN(scores[i]!))) throw new RangeError('a score is NaN: it has no rank');

  /** By falling score. */
  function* ties(counts: ArrayLike<number> | undefined): Generator<Tie> {
    for (let from = 0, to = 0; from < n; from = to) {
      let members = 0;
      let others = 0;
      for (; to < n && scores[order[to]!] === scores[order[from]!]; to++) {
        const i = order[to]!;
        if (member[i]) members += counts?.[i] ?? 1;
        else others += counts?.[i] ?? 1;
      }
      yield { members, others };
    }
  }

  function totals(counts: ArrayLike<number> | undefined): Tie {
    let members = 0;
    let others = 0;
    for (let i = 0; i < n; i++) {
      if (member[i]) members += counts?.[i] ?? 1;
      else others += counts?.[i] ?? 1;
    }
    return { members, others };
  }

  /** Members expected among the first k. */
  function membersAmong(k: number, counts: ArrayLike<number> | undefined): number {
    let left = k;
    let found = 0;
    for (const { members, others } of ties(counts)) {
      const taken = Math.min(left, members + others);
      if (taken > 0) found += (taken * members) / (members + others);
      left -= taken;
      if (left <= 0) return found;
    }
    throw new RangeError(`the first ${k} of ${k - left} scores`);
  }

  function checkedRank(k: number): number {
    if (!Number.isInteger(k) || k < 1) throw new RangeError(`expected a rank of at least 1, got ${k}`);
    return k;
  }

  return {
    auroc(counts) {
      const all = totals(counts);
      let won = 0; // pairs, of a member above an other
      let below = all.others;
      for (const { members, others } of ties(counts)) {
        below -= others;
        won += members * (below + others / 2);
      }
      return won / (all.members * all.others);
    },

    truePositiveRateAt(rate, counts) {
      const all = totals(counts);
      let left = rate * all.others;
      let found = 0;
      for (const { members, others } of ties(counts)) {
        if (others > left) return (found + (members * left) / others) / all.members;
        left -= others;
        found += members;
      }
      return found / all.members;
    },

    precisionAt: (k, counts) => membersAmong(checkedRank(k), counts) / k,

    recallAt: (k, counts) => membersAmong(checkedRank(k), counts) / totals(counts).members,

    liftAt(k, counts) {
      const { members, others } = totals(counts);
      return membersAmong(checkedRank(k), counts) / ((k * members) / (members + others));
    },
  };
}
