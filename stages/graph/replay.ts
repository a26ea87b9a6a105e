/** The part of the graph that a document's replay record is made from: its hidden states in few directions, its likely tokens. */
import type { Graph } from './onnx.ts';
import { concat, rowDot } from './operations.ts';
import type { Rows } from './rows.ts';

export interface ReplayTail {
  /** U [d,r], orthonormal columns */
  readonly directions: Float32Array;
  readonly rank: number;
  /** K */
  readonly likely: number;
}

/** Of S scored positions of B windows. */
export const REPLAY_OUTPUTS = {
  /** [B,S,r] H U */
  coefficients: 'replay_coefficients',
  /** [B,S,1] |h|² */
  squares: 'replay_squares',
  /** [B,S,K] ids of the likeliest tokens, as float32: exact below 2²⁴ */
  likely: 'replay_likely',
  /** [B,S,K] their probabilities */
  chances: 'replay_chances',
} as const;

/** The likeliest of some tokens: probabilities among those, and ids. */
export interface ChunkLikely {
  /** [N,k], k ≤ K */
  readonly p: string;
  /** [N,k] int64 */
  readonly ids: string;
}

/** Undefined where there is none to be made, or the chunk is not of the base's vocabulary. */
export function chunkLikely(
  g: Graph,
  tail: ReplayTail | undefined,
  p: string | undefined,
  [from, to]: Rows,
): ChunkLikely | undefined {
  if (tail === undefined || p === undefined) return undefined;
  const [values = '', places = ''] = g.nodes('TopK', [p, g.ints([Math.min(tail.likely, to - from)])], 2, { axis: -1 });
  return { p: values, ids: g.node('Add', [places, g.ints([from])]) };
}

export interface ReplayValues {
  /** [B,S,d] */
  readonly hidden: string;
  /** P[y] and y: the chunks are of the others alone. */
  readonly target: ChunkLikely;
  /** Of every chunk. */
  readonly likely: readonly (ChunkLikely | undefined)[];
  /** [N,1] of every chunk: what its probabilities are to be multiplied by */
  readonly shares: readonly (string | undefined)[];
  /** [N,x] as [B,S,x] */
  byWindow(value: string, x: number): string;
}

/** Declares the outputs. */
export function replayOutputs(
  g: Graph,
  { directions, rank, likely: count }: ReplayTail,
  { hidden, target, likely, shares, byWindow }: ReplayValues,
): void {
  const width = directions.length / rank;
  const coefficients = g.node('MatMul', [hidden, g.floats(directions, [width, rank])]);
  g.output(coefficients, REPLAY_OUTPUTS.coefficients, 'float32', ['B', 'S', rank]);
  g.output(rowDot(g, hidden, hidden), REPLAY_OUTPUTS.squares, 'float32', ['B', 'S', 1]);
  const there = likely.flatMap((chunk, c) => (chunk === undefined ? [] : [{ ...chunk, share: shares[c]! }]));
  const scaled = [target.p, ...there.map(({ p, share }) => g.node('Mul', [p, share]))];
  const ids = [target.ids, ...there.map((chunk) => chunk.ids)];
  const [chances = '', places = ''] = g.nodes('TopK', [concat(g, scaled, 1), g.ints([count])], 2, { axis: -1 });
  const named = g.node('Cast', [g.node('GatherElements', [concat(g, ids, 1), places], { axis: 1 })], { to: 1 });
  g.output(byWindow(chances, count), REPLAY_OUTPUTS.chances, 'float32', ['B', 'S', count]);
  g.output(byWindow(named, count), REPLAY_OUTPUTS.likely, 'float32', ['B', 'S', count]);
}
