/**
 * One linear map, the sketch of math/sketch.ts, for both sides of ⟨G, D⟩: in the graph for every window's gradient G, in plain
 * code for D, so that ⟨PG, PD⟩ is worth something for a delta that was not known when the document was scanned.
 */
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import type { SketchTail } from './graph/head.ts';
import type { Graph } from './graph/onnx.ts';
import { transposed } from './graph/operations.ts';
import { BUCKETS, type Sketch } from './math/sketch.ts';

const BLOCK_ROWS = 1024;

/** What `projection` of a measurement says: two sketches can be compared where it is the same. */
export function projectionName({ definition: { kind, seed, width } }: Sketch): string {
  return `${kind}:${width}:${seed}`;
}

/** PD of the heads' difference D = W0 − W1 [V,d], read some rows at a time; D is 0 from row `shared` on. */
export async function projectDelta(
  sketch: Sketch,
  base: Pick<Checkpoint, 'head' | 'read'>,
  tuned: Pick<Checkpoint, 'head' | 'read'>,
  shared: number,
  signal: AbortSignal,
): Promise<Float32Array> {
  const sum = sketch.accumulate();
  for (let from = 0; from < shared; from += BLOCK_ROWS) {
    const rows = [from, Math.min(from + BLOCK_ROWS, shared)] as const;
    const before = await base.read(base.head.name, rows, signal);
    const after = await tuned.read(tuned.head.name, rows, signal);
    sum.add(
      from,
      Float64Array.from(before, (value, i) => value - after[i]!),
    );
  }
  return sum.finish();
}

/**
 * PG of every window, as the last part of the graph: G = Eᵀ H, E = (P − Y) ∘ m, is never formed. P is brought to the buckets chunk
 * by chunk while it is there; the grid is then one product of [256,S] and [S,d] a window, and the fold a gather.
 */
export function project(sketch: Sketch): SketchTail {
  const { rowSigns, cells, cellSigns } = sketch;
  const { width, vocabulary, hidden } = sketch.definition;
  return {
    chunk(g, p, [from, to]) {
      // whole rows of buckets: zeros before and after where the chunk does not begin or end at a multiple of 256
      const before = from % BUCKETS;
      const after = -to & (BUCKETS - 1);
      const whole = before + after === 0 ? p : g.node('Pad', [p, g.ints([0, before, 0, after])]);
      const turns = (before + to - from + after) / BUCKETS;
      const signs = new Float32Array(turns * BUCKETS);
      signs.set(rowSigns.subarray(from, to), before);
      const grouped = g.node('Reshape', [whole, g.ints([-1, turns, BUCKETS])]);
      const signed = g.node('Mul', [grouped, g.floats(signs, [1, turns, BUCKETS])]);
      return g.node('ReduceSum', [signed, g.ints([1])], { keepdims: 0 }); // [N,256]
    },

    finish(g, { bucketed, miss, targets, weights, hidden: h }) {
      const came = g.node('Mul', [targetBuckets(g, targets), miss]);
      const error = g.node('Mul', [g.node('Sub', [bucketed, came]), weights]); // E in buckets [B,S,256]
      const grid = g.node('MatMul', [transposed(g, error), h]); // [B,256,d]
      const flat = g.node('Reshape', [grid, g.ints([-1, BUCKETS * hidden])]);
      const order = g.constant('int32', [cells.length], new Uint8Array(cells.buffer));
      const ordered = g.node('Gather', [flat, order], { axis: 1 }); // [B,m·k]
      const signed = g.node('Mul', [ordered, g.floats(cellSigns, [1, cells.length])]);
      const folds = g.node('Reshape', [signed, g.ints([-1, cells.length / width, width])]);
      return g.node('ReduceSum', [folds, g.ints([1])], { keepdims: 0 }); // [B,k]
    },
  };

  /** One-hot targets Y in buckets, signed: [B,S,256] */
  function targetBuckets(g: Graph, targets: string): string {
    const buckets = g.ints(Array.from({ length: BUCKETS }, (_, bucket) => bucket));
    const target = g.node('Unsqueeze', [targets, g.ints([2])]);
    const there = g.node('Equal', [g.node('Mod', [target, g.ints([BUCKETS])]), buckets]);
    const sign = g.node('Gather', [g.floats(rowSigns, [vocabulary]), target], { axis: 0 }); // [B,S,1]
    return g.node('Mul', [g.node('Cast', [there], { to: 1 }), sign]);
  }
}

/** The same where the vocabulary is that of some tokens alone: G has their rows, and 0 elsewhere. */
export function projectLabels(sketch: Sketch, tokens: readonly number[]): SketchTail {
  const { finish } = project(sketch);
  const places = new Float32Array(tokens.length * BUCKETS);
  for (const [row, token] of tokens.entries()) places[row * BUCKETS + (token % BUCKETS)] = sketch.rowSigns[token]!;
  return {
    chunk(g, p, [from, to]) {
      const rows = places.subarray(from * BUCKETS, to * BUCKETS);
      return g.node('MatMul', [p, g.floats(rows, [to - from, BUCKETS])]); // [N,256]
    },
    finish: (g, at) => finish(g, { ...at, targets: g.node('Gather', [g.ints(tokens), at.targets], { axis: 0 }) }),
  };
}
