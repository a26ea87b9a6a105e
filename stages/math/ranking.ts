/** How well scores tell members from the rest. */

/**
 * Area under the ROC curve: the probability that a member drawn at random scores above a non-member, a tie counting half
 * (the Mann-Whitney statistic over its maximum, from mid-ranks).
 *
 * @param scores [n]
 * @param member [n] whether the document behind a score is a member
 * @returns NaN where there are no members, or nothing but members
 */
export function auroc(scores: readonly number[], member: readonly boolean[]): number {
  const n = checkedLength(scores, member);
  const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!);

  let members = 0;
  let rankSum = 0; // of the members, ranks from 1 by rising score
  for (let from = 0, to = 0; from < n; from = to) {
    while (to < n && scores[order[to]!] === scores[order[from]!]) to++;
    const tied = order.slice(from, to).filter((i) => member[i]).length;
    members += tied;
    rankSum += (tied * (from + 1 + to)) / 2;
  }
  return (rankSum - (members * (members + 1)) / 2) / (members * (n - members));
}

/**
 * Share of members among the k highest scores; of documents tied across the cut, as many count as an arbitrary order would
 * be expected to put before it.
 *
 * @param scores [n]
 * @param member [n]
 * @param k 1..n
 */
export function precisionAt(k: number, scores: readonly number[], member: readonly boolean[]): number {
  const n = checkedLength(scores, member);
  if (!Number.isInteger(k) || k < 1 || k > n) throw new RangeError(`precision at ${k} of ${n} scores`);
  const cut = scores.toSorted((a, b) => b - a)[k - 1]!;

  let above = 0;
  let membersAbove = 0;
  let tied = 0;
  let membersTied = 0;
  for (const [i, score] of scores.entries()) {
    if (score < cut) continue;
    if (score > cut) {
      above++;
      if (member[i]) membersAbove++;
    } else {
      tied++;
      if (member[i]) membersTied++;
    }
  }
  return (membersAbove + ((k - above) * membersTied) / tied) / k;
}

function checkedLength(scores: readonly number[], member: readonly boolean[]): number {
  if (scores.length !== member.length) throw new RangeError(`${scores.length} scores, but ${member.length} members`);
  if (scores.some(Number.isNaN)) throw new RangeError('a score is NaN: it has no rank');
  return scores.length;
}
