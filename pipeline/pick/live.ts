/** The set that the select stage keeps while a scan runs, with its documents. */
import { type LiveSet, liveSet } from '../../stages/live-set.ts';
import { STATE } from '../../stages/select.ts';
import type { Member } from '../store/members.ts';
import type { Store } from '../store/store.ts';

export interface LivePick {
  readonly set: LiveSet;
  /** Ranking descending, then key. */
  readonly documents: readonly Member[];
}

/** Undefined where the store keeps no pool, or a version that knew no live set has written it. */
export function livePick(store: Store, delta: string): LivePick | undefined {
  const saved = store.state(delta, STATE.set);
  if (saved === undefined) return undefined;
  const set = liveSet(saved);
  const members = new Set(set.keys);
  const documents = [...store.members(delta, 'pool')]
    .filter(({ key }) => members.has(key))
    .sort((a, b) => b.ranking - a.ranking || (a.key < b.key ? -1 : 1));
  return { set, documents };
}
