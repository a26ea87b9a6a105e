/** Leaves out what a picked set should not hold twice. */
import { hostOf } from '../../schemas/provenance.ts';
import { withoutNearDuplicates } from '../math/near-duplicates.ts';
import type { Candidate } from './candidate.ts';

export interface NarrowOptions {
  readonly nearDuplicates: 'drop' | 'keep';
  /** Documents of one host at most; undefined sets no limit. */
  readonly maxPerHost?: number | undefined;
}

/** Of near duplicates and of documents of one host, those that stand first in the order given. Documents without a URL have no host. */
export function narrowed(
  candidates: readonly Candidate[],
  { nearDuplicates, maxPerHost }: NarrowOptions,
): readonly Candidate[] {
  const different =
    nearDuplicates === 'keep'
      ? candidates
      : withoutNearDuplicates(candidates.map(({ ids }) => ids)).map((i) => candidates[i]!);
  if (maxPerHost === undefined) return different;
  const taken = new Map<string, number>();
  return different.filter(({ url }) => {
    const host = hostOf(url);
    if (host === null) return true;
    const before = taken.get(host) ?? 0;
    taken.set(host, before + 1);
    return before < maxPerHost;
  });
}
