/** A document's replay record: what of it has to be kept to score it against a delta that nobody knew when it was scanned. */
import { replayCodec } from '../../schemas/codec.ts';
import { provenanceOf } from '../../schemas/provenance.ts';
import type { Basis, Gradients, Replay } from '../../schemas/types.ts';
import { idBytes, packChance, packIds } from './packing.ts';

/** K */
export const LIKELY = 5;
/** Of a record, encoded. */
export const RECORD_BYTES = 8192;
/** Of that, for the ids of windows behind the first. */
const ID_BYTES = 2048;
/** Fewer positions than these are no basis for an estimate, whatever they cost. */
const LEAST_POSITIONS = 16;

/** What the graph says of the scored positions of one window; see graph/replay.ts. */
export interface WindowStates {
  /** [S,r] */
  readonly coefficients: Float32Array;
  /** [S] |h|² */
  readonly squares: Float32Array;
  /** [S,K] */
  readonly likely: Float32Array;
  /** [S,K] */
  readonly chances: Float32Array;
}

/**
 * The encoded record. Where not all positions fit, they are thinned out evenly; of a document of many windows the first ones are
 * kept whose ids fit.
 *
 * @param states of each window of `document`
 */
export function replayRecord(document: Gradients, states: readonly WindowStates[], basis: Basis): Buffer {
  const bytes = idBytes(basis.typical.length);
  const windows = windowsThatFit(document, bytes);
  const lengths = document.lengths.slice(0, windows);
  const tokens = document.tokens.slice(0, windows);
  const ids = document.ids.subarray(0, sum(lengths));
  const empty: Replay = {
    key: document.key,
    id: document.id,
    url: document.url,
    measurement: document.measurement,
    deltas: document.deltas,
    basis: basis.id,
    idBytes: bytes,
    ids: packIds(ids, bytes),
    lengths,
    tokens,
    kept: new Int32Array(windows),
    loss: document.loss.slice(0, windows),
    gradientNorm: document.gradientNorm.slice(0, windows),
    coefficients: Buffer.alloc(0),
    rest: Buffer.alloc(0),
    likely: Buffer.alloc(0),
    chances: Buffer.alloc(0),
    ...provenanceOf(document),
  };
  const perPosition = basis.rank + 1 + LIKELY * (bytes + 1);
  const room = Math.floor((RECORD_BYTES - replayCodec.encode(empty).length - 12) / perPosition); // 12: longer length prefixes
  const kept = shared(tokens, Math.max(LEAST_POSITIONS, room));
  const positions = [...kept].flatMap((count, w) => spread(tokens[w]!, count).map((t) => ({ state: states[w]!, t })));
  return replayCodec.encode({ ...empty, kept, ...packed(positions, basis, bytes) });
}

function packed(
  positions: readonly { readonly state: WindowStates; readonly t: number }[],
  { rank, steps }: Basis,
  bytes: number,
): Pick<Replay, 'coefficients' | 'rest' | 'likely' | 'chances'> {
  const coefficients = Buffer.alloc(positions.length * rank);
  const rest = Buffer.alloc(positions.length);
  const likely: number[] = [];
  const chances = Buffer.alloc(positions.length * LIKELY);
  for (const [n, { state, t }] of positions.entries()) {
    let inside = 0;
    for (let r = 0; r < rank; r++) {
      const value = state.coefficients[t * rank + r]!;
      inside += value * value;
      const stepped = Math.round(value / steps[r]!) || 0;
      coefficients.writeInt8(Math.max(-127, Math.min(127, stepped)), n * rank + r);
    }
    const square = state.squares[t]!;
    rest[n] = square > 0 ? Math.round(255 * Math.sqrt(Math.max(0, 1 - inside / square))) : 0;
    for (let k = 0; k < LIKELY; k++) {
      likely.push(state.likely[t * LIKELY + k]!);
      chances[n * LIKELY + k] = packChance(state.chances[t * LIKELY + k]!);
    }
  }
  return { coefficients, rest, likely: packIds(likely, bytes), chances };
}

function windowsThatFit({ lengths }: Gradients, bytes: number): number {
  let fit = 1;
  for (let used = lengths[0]!; fit < lengths.length && (used + lengths[fit]!) * bytes <= ID_BYTES; fit++) {
    used += lengths[fit]!;
  }
  return fit;
}

/** At most `room` of all positions, each window its share; every window at least one. */
function shared(tokens: Int32Array, room: number): Int32Array {
  const all = sum(tokens);
  return all <= room ? tokens : tokens.map((count) => Math.max(1, Math.floor((count * room) / all)));
}

/** `count` of n places, evenly spread. */
export function spread(n: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * n) / count));
}

function sum(values: Int32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
