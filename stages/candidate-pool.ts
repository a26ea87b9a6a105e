/**
 * The documents that a set can be picked from while the stream runs: those that would have added most to what the picked set
 * explains of D. A pool admitted by score alone fills with documents that say the same thing; by residual gain, a pool of 4 to 8
 * times the set loses next to nothing against all documents.
 */
import type { Score } from '../schemas/types.ts';
import { exchangeHistory, liveSet } from './live-set.ts';
import { type Candidate, type RunningSet, type RunningState, runningSet } from './math/residual.ts';

export interface PoolOptions {
  /** M: documents in the pool; the running set holds a quarter of them. */
  readonly size: number;
  /** k */
  readonly width: number;
  /** |D| */
  readonly deltaNorm: number;
}

type PoolScore = Pick<Score, 'key' | 'alignment' | 'gradientNorm' | 'sketch'>;

/** What a restart needs beside the members. */
export interface PoolState {
  /** Sums over the running set. */
  readonly running: Uint8Array;
  /** Its members, as live-set.ts reads them. */
  readonly set: Uint8Array;
}

export interface SavedPool {
  readonly members: Iterable<PoolScore & { readonly gain: number }>;
  /** What `state` gave; both or none. */
  readonly running: Uint8Array | undefined;
  readonly set: Uint8Array | undefined;
}

export interface CandidatePool {
  /** Undefined where the document is not admitted; else its residual gain, and what it pushed out. */
  offer(score: PoolScore): { readonly gain: number; readonly evicted: string | undefined } | undefined;
  state(): PoolState;
}

/** M/n: see docs/method.md. */
const POOL_TO_SET = 4;

/** The gain is that of the moment of admission: it is not taken again as the set moves. Members of the set are never evicted. */
export function candidatePool({ size, width, deltaNorm }: PoolOptions, saved: SavedPool): CandidatePool {
  const members = new Map(
    Array.from(saved.members, (one) => [one.key, { gain: one.gain, candidate: candidateOf(one) }]),
  );
  const before = saved.running === undefined ? undefined : decodeState(saved.running, saved.set, width);
  const set = runningSet(
    { capacity: Math.max(1, Math.floor(size / POOL_TO_SET)), deltaNorm, width },
    before,
    (key) => members.get(key)?.candidate,
  );
  const history = exchangeHistory(saved.set);

  return {
    offer(score) {
      const { key } = score;
      if (members.has(key)) return undefined;
      const candidate = candidateOf(score);
      const gain = set.gain(candidate);
      const exchange = set.offer(key, candidate);
      if (exchange !== undefined) history.add(exchange, set.cosine);
      members.set(key, { gain, candidate });
      if (members.size <= size) return { gain, evicted: undefined };
      const worst = worstOutside(set);
      members.delete(worst);
      return worst === key ? undefined : { gain, evicted: worst };
    },

    state() {
      const { keys, values } = set.state();
      return {
        running: Buffer.from(values.buffer, values.byteOffset, values.byteLength),
        set: history.bytes(keys, set.cosine),
      };
    },
  };

  /** The member of least gain that the running set, which is smaller than the pool, does not hold; of equal ones the last key. */
  function worstOutside(running: RunningSet): string {
    let worst = { key: '', gain: Number.POSITIVE_INFINITY };
    for (const [key, { gain }] of members) {
      if (running.has(key)) continue;
      if (gain < worst.gain || (gain === worst.gain && key > worst.key)) worst = { key, gain };
    }
    return worst.key;
  }
}

function candidateOf({ alignment, gradientNorm, sketch }: PoolScore): Candidate {
  return { alignment, norm: gradientNorm, sketch };
}

/** Stores of an earlier version hold the keys, in JSON, behind the values. */
function decodeState(running: Uint8Array, set: Uint8Array | undefined, width: number): RunningState {
  const end = (width + 6) * Float64Array.BYTES_PER_ELEMENT;
  const values = new Float64Array(new Uint8Array(running.subarray(0, end)).buffer);
  if (set !== undefined) return { values, keys: liveSet(set).keys };
  return { values, keys: JSON.parse(Buffer.from(running.subarray(end)).toString()) };
}
