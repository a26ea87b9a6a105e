/** Shares of a store as one: what each worker kept of its part of the stream, as one worker would have kept it of the whole. */
import { scoreCodec } from '../schemas/codec.ts';
import type { Score, Selection } from '../schemas/types.ts';
import { quantileSketch } from './math/quantile.ts';
import { type Ranking, ranking } from './math/top.ts';
import { ORDERS, STATE } from './select.ts';

export interface Kept {
  /** Best documents of a delta. */
  readonly keep: number;
  /** Documents in each of the other orders. */
  readonly others: number;
}

interface List {
  readonly ranking: Ranking;
  readonly placeOf: (score: Score) => number;
  readonly members: Map<string, Selection>;
}

/**
 * Lists that go by an order are exactly those of the whole stream, and so is the distribution. A pool depends on what came
 * before: the union of the shares' pools is taken, larger than any one's, none of its candidates lost. What a share's pool was
 * running on is its own, and stays with it.
 */
export function* mergedShares(shares: readonly Selection[], { keep, others }: Kept): Generator<Selection> {
  const lists = new Map<string, List>();
  const quantiles = new Map<string, ReturnType<typeof quantileSketch>>();

  function listOf({ delta, list }: Selection): List {
    const name = `${delta}/${list}`;
    const known = lists.get(name);
    if (known !== undefined) return known;
    const placeOf = ORDERS[list as keyof typeof ORDERS] ?? (({ ranking: value }: Score) => value);
    const made = { ranking: ranking(list === 'top' ? keep : others), placeOf, members: new Map<string, Selection>() };
    lists.set(name, made);
    return made;
  }

  for (const one of shares) {
    const { delta, list, key, value } = one;
    if (list === 'pool') yield one;
    else if (list !== 'state') {
      const { ranking: order, placeOf, members } = listOf(one);
      const taken = order.offer(key, placeOf(scoreCodec.decode(value)));
      if (taken === undefined) continue;
      members.set(key, one);
      if (taken.evicted !== undefined) members.delete(taken.evicted);
    } else if (key === STATE.quantiles) {
      const whole = quantiles.get(delta) ?? quantileSketch();
      quantiles.set(delta, whole);
      whole.merge(quantileSketch(value));
    }
  }
  for (const { members } of lists.values()) yield* members.values();
  for (const [delta, whole] of quantiles) {
    yield { delta, list: 'state', key: STATE.quantiles, gain: 0, value: Buffer.from(whole.bytes()) };
  }
}
