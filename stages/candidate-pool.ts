/**
 * The documents that a set can be picked from while the stream runs: those that would have added most to what the picked set
 * explains of D. A pool admitted by score alone fills with documents that say the same thing; by residual gain, a pool of 4 to 8
 * times the set loses next to nothing against all documents.
 */
import type { Score } from '../schemas/types.ts';
import { type Candidate, type RunningSet, runningSet } from './math/residual.ts';

export interface PoolOptions {
  /** M: documents in the pool; the running set holds a quarter of them. */
  readonly size: number;
  /** k */
  readonly width: number;
  /** |D| */
  readonly deltaNorm: number;
}

type PoolScore = Pick<Score, 'key' | 'alignment' | 'gradientNorm' | 'sketch'>;

export interface SavedPool {
  readonly members: Iterable<PoolScore & { readonly gain: number }>;
  /** What `state` gave. */
  readonly running: Uint8Array | undefined;
}

export interface CandidatePool {
  /** Undefined where the document is not admitted; else its residual gain, and what it pushed out. */
  offer(score: PoolScore): { readonly gain: number; readonly evicted: string | undefined } | undefined;
  /** What a restart needs beside the members. */
  state(): Uint8Array;
}

/** M/n: see docs/method.md. */
const POOL_TO_SET = 4;

/** The gain is that of the moment of admission: it is not taken again as the set moves. Members of the set are never evicted. */
export function candidatePool({ size, width, deltaNorm }: PoolOptions, saved: SavedPool): CandidatePool {
  const members = new Map(
    Array.from(saved.members, (one) => [one.key, { gain: one.gain, candidate: candidateOf(one) }]),
  );
  const set = runningSet(
    { capacity: Math.max(1, Math.floor(size / POOL_TO_SET)), deltaNorm, width },
    saved.running === undefined ? undefined : decodeState(saved.running, width),
    (key) => members.get(key)?.candidate,
  );

  return {
    offer(score) {
      const { key } = score;
      if (members.has(key)) return undefined;
      const candidate = candidateOf(score);
      const gain = set.gain(candidate);
      set.offer(key, candidate);
      members.set(key, { gain, candidate });
      if (members.size <= size) return { gain, evicted: undefined };
      const worst = worstOutside(set);
      members.delete(worst);
      return worst === key ? undefined : { gain, evicted: worst };
    },

    state() {
      const { keys, values } = set.state();
      return Buffer.concat([
        Buffer.from(values.buffer, values.byteOffset, values.byteLength),
        Buffer.from(JSON.stringify(keys)),
      ]);
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

/** The keys of the running set, of what `state` gave. */
export function runningKeys(state: Uint8Array, width: number): readonly string[] {
  return decodeState(state, width).keys;
}

/** The set's values as float64s, then its keys in JSON. */
function decodeState(bytes: Uint8Array, width: number) {
  const end = (width + 6) * Float64Array.BYTES_PER_ELEMENT;
  return {
    values: new Float64Array(new Uint8Array(bytes.subarray(0, end)).buffer),
    keys: JSON.parse(Buffer.from(bytes.subarray(end)).toString()) as readonly string[],
  };
}
