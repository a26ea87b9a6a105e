/** The strategies that take the first n in an order of their own, by the names of arXiv 2506.15553: lowest place first. */
import type { Candidate } from './candidate.ts';

export type Place = (candidate: Pick<Candidate, 'score' | 'lossTunedHead'>) => number;

export const PLACES = {
  topk: ({ score }) => -score,
  bottomk: ({ score }) => score,
  p_max: ({ lossTunedHead }) => lossTunedHead,
  p_min: ({ lossTunedHead }) => -lossTunedHead,
} as const satisfies Readonly<Record<string, Place>>;

/** Equal places go by key. */
export function inOrder<C extends Pick<Candidate, 'key' | 'score' | 'lossTunedHead'>>(
  candidates: readonly C[],
  place: Place,
): readonly C[] {
  return candidates.toSorted((a, b) => place(a) - place(b) || (a.key < b.key ? -1 : 1));
}
