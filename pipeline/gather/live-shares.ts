/** Shares of a store as one: what each worker kept of its part of the stream, as one worker would have kept it of the whole. */
import { scoreCodec, selectionCodec } from '../../schemas/codec.ts';
import type { Score } from '../../schemas/types.ts';
import { mergedSketch } from '../../stages/math/quantile.ts';
import { type Ranking, ranking } from '../../stages/math/top.ts';
import { ORDERS, STATE } from '../../stages/select.ts';
import type { Delivered, Outgoing } from '../contract.ts';
import type { MemberList } from '../store/members.ts';
import { selectionMessage } from '../store/messages.ts';
import type { Store } from '../store/store.ts';

export interface LiveShares {
  /** What a change of a share changes in the whole. */
  apply(change: Delivered): readonly Outgoing[];
  /** The distributions that changed since the last call, of all shares. */
  settle(): readonly Outgoing[];
  /** A delta that was removed has no lists. */
  forget(delta: string): void;
}

export interface LiveSharesOptions {
  readonly store: Pick<Store, 'members' | 'state'>;
  /** Best documents kept of a delta. */
  readonly keep: number;
  /** Documents kept in each of the other orders. */
  readonly others: number;
  /** Shares there are. */
  readonly partitions: number;
}

/**
 * A list that goes by an order is exactly that of the whole stream, and so is the distribution. A share evicts only what so many
 * better ones of its own stand before, all of which came here first: so what falls out of the whole never has to come back. A pool
 * depends on what came before: the union of the shares' pools is taken, larger than any one's, none of its candidates lost.
 */
export function liveShares({ store, keep, others, partitions }: LiveSharesOptions): LiveShares {
  const rankings = new Map<string, Ranking>();
  const changed = new Set<string>();

  function rankingOf(delta: string, list: string, placeOf: (score: Score) => number): Ranking {
    const name = `${delta}/${list}`;
    const known = rankings.get(name);
    if (known !== undefined) return known;
    const saved = Array.from(store.members(delta, list as MemberList), (one) => ({
      key: one.key,
      score: placeOf(one),
    }));
    const made = ranking(list === 'top' ? keep : others, saved);
    rankings.set(name, made);
    return made;
  }

  return {
    apply({ partition, key: place, value, ...rest }) {
      const [delta = '', list = '', ...parts] = place.split('/');
      const key = parts.join('/');
      if (list === 'pool') return [{ key: place, value, ...rest }];
      if (value === null) return [];
      const selection = selectionCodec.decode(value);
      if (list === 'state') {
        if (key !== STATE.quantiles) return []; // what else a share runs on is its own
        changed.add(delta);
        return [selectionMessage({ ...selection, key: shareOf(partition) })];
      }
      const placeOf = list === 'top' ? ({ ranking: value }: Score) => value : ORDERS[list as keyof typeof ORDERS];
      if (placeOf === undefined) return [];
      const taken = rankingOf(delta, list, placeOf).offer(key, placeOf(scoreCodec.decode(selection.value)));
      if (taken === undefined) return [];
      const { evicted } = taken;
      return [
        selectionMessage(selection),
        ...(evicted === undefined ? [] : [selectionMessage({ ...selection, key: evicted, value: null })]),
      ];
    },

    settle() {
      const deltas = [...changed];
      changed.clear();
      return deltas.map((delta) => {
        const shares = Array.from({ length: partitions }, (_, partition) => store.state(delta, shareOf(partition)));
        const value = Buffer.from(mergedSketch(shares.filter((one) => one !== undefined)).bytes());
        return selectionMessage({ delta, list: 'state', key: STATE.quantiles, gain: 0, value });
      });
    },

    forget(delta) {
      for (const name of rankings.keys()) if (name.startsWith(`${delta}/`)) rankings.delete(name);
      changed.delete(delta);
    },
  };
}

function shareOf(partition: number): string {
  return `${STATE.quantiles}/${partition}`;
}
