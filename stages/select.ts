/**
 * Keeps, of every delta, the best documents, a pool to pick a set from, the documents that other strategies would pick, and the
 * distribution of what ranks.
 */
import { Drop, type Outcome, Reject, type Stage } from '../pipeline/contract.ts';
import { scoreCodec } from '../schemas/codec.ts';
import type { Score, Selection } from '../schemas/types.ts';
import { type CandidatePool, candidatePool, type SavedPool } from './candidate-pool.ts';
import { type QuantileSketch, quantileSketch } from './math/quantile.ts';
import { type Ranking, ranking } from './math/top.ts';
import { PLACES } from './pick/order.ts';
import type { WithReplay } from './replay/attached.ts';
import type { ScoredDelta } from './score.ts';

/** A change of the store; a null value evicts. */
export type Change = Omit<Selection, 'value'> & { readonly value: Buffer | null };

/** What a score changed. */
export interface Selected {
  readonly score: WithReplay<Score>;
  readonly changes: readonly Change[];
}

export interface SelectOptions {
  /** Or, where they come and go, what is known of each: `gone` of one whose scores are left out. */
  readonly deltas: readonly ScoredDelta[] | ((id: string) => (ScoredDelta & { readonly gone: boolean }) | undefined);
  /** Best documents kept of each delta. */
  readonly keep: number;
  /** Candidates kept by residual gain, with sketches of so many numbers; undefined keeps none. */
  readonly pool: { readonly size: number; readonly width: number } | undefined;
  /** Documents kept in each of the other orders; 0 keeps none. */
  readonly others: number;
}

/** Orders beside that of the ranking, those of stages/pick/order.ts: what each is the highest of. Keys are hashes, so the smallest ones are a uniform sample. */
export const ORDERS = {
  sample: ({ key }: Score) => -Number.parseInt(key.slice(0, 12), 16),
  bottom: (score: Score) => PLACES.topk(score),
  likely: (score: Score) => PLACES.p_min(score),
  unlikely: (score: Score) => PLACES.p_max(score),
} as const;
type Order = keyof typeof ORDERS;
const ORDER_NAMES = Object.keys(ORDERS) as readonly Order[];

/** What an earlier run left in the store: the stage goes on from there, to the last bit. */
export interface SavedSelection {
  best(delta: string): Iterable<Pick<Score, 'key' | 'ranking'>>;
  other(delta: string, order: Order): Iterable<Score>;
  pool(delta: string): SavedPool['members'];
  state(delta: string, name: string): Buffer | undefined;
}

/** Names of running values in the store; `replayed` is the distribution of the estimates that replay made last. */
export const STATE = { quantiles: 'quantiles', replayed: 'replayed', running: 'running', set: 'set' } as const;

const NO_SKETCH = new Float32Array();
/** Of scores that were on their way when their delta was removed. */
const GONE = 'removed-delta';

interface DeltaSelection {
  readonly best: Ranking;
  readonly pool: CandidatePool | undefined;
  readonly others: readonly { readonly order: Order; readonly ranking: Ranking }[];
  readonly quantiles: QuantileSketch;
}

/**
 * Scores are taken in the order given, so a document's changes depend on those before it; which documents are the best, and the
 * distribution, do not. The running values go out once a batch, with its last score of the delta.
 */
export function select(
  { deltas, keep, pool, others }: SelectOptions,
  saved: SavedSelection,
): Stage<WithReplay<Score>, Selected> {
  const selections = new Map<string, DeltaSelection>();
  if (typeof deltas !== 'function') for (const delta of deltas) selections.set(delta.id, begun(delta));

  function begun({ id, norm }: ScoredDelta): DeltaSelection {
    return {
      best: ranking(
        keep,
        Array.from(saved.best(id), ({ key, ranking: value }) => ({ key, score: value })),
      ),
      pool:
        pool === undefined
          ? undefined
          : candidatePool(
              { ...pool, deltaNorm: norm },
              {
                members: saved.pool(id),
                running: saved.state(id, STATE.running),
                set: saved.state(id, STATE.set),
              },
            ),
      others: (others === 0 ? [] : ORDER_NAMES).map((order) => ({ order, ranking: orderOf(id, order) })),
      quantiles: quantileSketch(saved.state(id, STATE.quantiles)),
    };
  }

  function selectionOf(id: string): DeltaSelection | Reject | Drop {
    if (typeof deltas === 'function') {
      const delta = deltas(id);
      if (delta?.gone) return new Drop(GONE);
      if (delta !== undefined && !selections.has(id)) selections.set(id, begun(delta));
    }
    const known = selections.get(id);
    if (known !== undefined) return known;
    if (typeof deltas === 'function') return new Reject('undecodable-message', `nobody knows of a delta ${id}`);
    throw new Error(`select: delta ${id} is none of ${[...selections.keys()]}`);
  }

  function orderOf(delta: string, order: Order): Ranking {
    const known = Array.from(saved.other(delta, order), (one) => ({ key: one.key, score: ORDERS[order](one) }));
    return ranking(others, known);
  }

  function changesOf(
    score: Score,
    { best, pool: candidates, others: orders, quantiles }: DeltaSelection,
  ): readonly Change[] {
    const { delta, key } = score;
    quantiles.add(score.ranking);
    const inTop = best.offer(key, score.ranking);
    const inPool = candidates?.offer(score);
    const changes: Change[] = [];
    if (inTop !== undefined) {
      changes.push({ delta, list: 'top', key, gain: 0, value: scoreCodec.encode({ ...score, sketch: NO_SKETCH }) });
      if (inTop.evicted !== undefined) changes.push({ delta, list: 'top', key: inTop.evicted, gain: 0, value: null });
    }
    if (inPool !== undefined) {
      changes.push({ delta, list: 'pool', key, gain: inPool.gain, value: scoreCodec.encode(score) });
      if (inPool.evicted !== undefined)
        changes.push({ delta, list: 'pool', key: inPool.evicted, gain: 0, value: null });
    }
    for (const { order: list, ranking: kept } of orders) {
      const place = ORDERS[list](score);
      const taken = Number.isNaN(place) ? undefined : kept.offer(key, place);
      if (taken === undefined) continue;
      changes.push({ delta, list, key, gain: 0, value: scoreCodec.encode({ ...score, sketch: NO_SKETCH }) });
      if (taken.evicted !== undefined) changes.push({ delta, list, key: taken.evicted, gain: 0, value: null });
    }
    return changes;
  }

  function stateOf(delta: string, { pool: candidates, quantiles }: DeltaSelection): readonly Change[] {
    const state = candidates?.state();
    const values = [
      [STATE.quantiles, quantiles.bytes()],
      [STATE.running, state?.running],
      [STATE.set, state?.set],
    ] as const;
    return values.flatMap(([key, bytes]) =>
      bytes === undefined ? [] : [{ delta, list: 'state', key, gain: 0, value: Buffer.from(bytes) } as const],
    );
  }

  function process(batch: readonly WithReplay<Score>[]): readonly Outcome<Selected>[] {
    const last = new Map(batch.map(({ delta }, i) => [delta, i]));
    return batch.map((score, i) => {
      const selection = selectionOf(score.delta);
      if (selection instanceof Reject || selection instanceof Drop) return selection;
      const changes = changesOf(score, selection);
      const state = last.get(score.delta) === i ? stateOf(score.delta, selection) : [];
      return [{ score, changes: [...changes, ...state] }];
    });
  }

  return { name: 'select', process };
}
