/**
 * The sketch of every window's gradient, as the last part of the graph: the linear map of math/sketch.ts, applied to
 * G = Eᵀ H, E = (P − Y) ∘ m, without forming G. P is brought to the buckets chunk by chunk while it is there; the grid is then
 * one product of [256,S] and [S,d] a window, and the fold a gather.
 */
import type { SketchTail } from './graph/head.ts';
import type { Graph } from './graph/onnx.ts';
import { transposed } from './graph/operations.ts';
import { BUCKETS, type Sketch } from './math/sketch.ts';

/** What `projection` of a measurement says: two sketches can be compared where it is the same. */
export function projectionName({ definition: { kind, seed, width } }: Sketch): string {
  return `${kind}:${width}:${seed}`;
}

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

    finish(g, { bucketed, targets, weights, hidden: h }) {
      const error = g.node('Mul', [g.node('Sub', [bucketed, targetBuckets(g, targets)]), weights]); // E in buckets [B,S,256]
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
