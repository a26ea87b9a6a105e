/** The candidate pool as a list that is sorted whenever it is too long, beside a running set that never restarts. */
import { type Candidate, runningSet } from '../../stages/math/residual.ts';

interface Entry extends Candidate {
  readonly key: string;
}

interface Kept {
  readonly key: string;
  readonly gain: number;
  readonly inSet: boolean;
}

/** What the pool holds after all offers, by key. */
export function candidatePoolTwin(
  offers: readonly Entry[],
  { size, deltaNorm, width }: { readonly size: number; readonly deltaNorm: number; readonly width: number },
): readonly Kept[] {
  const set = runningSet({ capacity: Math.max(1, Math.floor(size / 4)), deltaNorm, width });
  let pool: { readonly key: string; readonly gain: number }[] = [];
  for (const { key, ...candidate } of offers) {
    const gain = set.gain(candidate);
    set.offer(key, candidate);
    const rest = [...pool, { key, gain }]
      .filter((one) => !set.has(one.key))
      .sort((a, b) => b.gain - a.gain || (a.key < b.key ? -1 : 1));
    const members = [...pool, { key, gain }].filter((one) => set.has(one.key));
    pool = [...members, ...rest].slice(0, size);
  }
  return pool.map((one) => ({ ...one, inSet: set.has(one.key) })).sort((a, b) => (a.key < b.key ? -1 : 1));
}
