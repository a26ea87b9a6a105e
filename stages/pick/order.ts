/** The strategies that take the first n in an order of their own, by the names of arXiv 2506.15553: lowest place first. */
import type { Candidate } from './candidate.ts';

type Placed = Pick<Candidate, 'cosine' | 'lossTuned' | 'lossTunedHead'>;
export type Place = (candidate: Placed) => number;

/** The cosine orders what is to replace the tuning data, whatever ranks to find it (docs/decisions/0020-what-replaces.md). */
export const PLACES = {
  topk: ({ cosine }) => -cosine,
  bottomk: ({ cosine }) => cosine,
  p_max: tunedLoss,
  p_min: (candidate) => -tunedLoss(candidate),
} as const satisfies Readonly<Record<string, Place>>;

/** Equal places go by key. */
export function inOrder<C extends Placed & Pick<Candidate, 'key'>>(
  candidates: readonly C[],
  place: Place,
): readonly C[] {
  return candidates.toSorted((a, b) => place(a) - place(b) || (a.key < b.key ? -1 : 1));
}

/** Under the whole tuned model, or the tuned head where that did not run. */
function tunedLoss({ lossTuned, lossTunedHead }: Placed): number {
  return lossTuned ?? lossTunedHead;
}
