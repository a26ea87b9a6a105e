/** Small compositions of ONNX operators that more than one part of the graph needs. */
import type { Graph } from './onnx.ts';

/** Sum over the last axis of a ∘ b: [..,x], [..,x] to [..,1]. */
export function rowDot(g: Graph, a: string, b: string): string {
  return g.node('ReduceSum', [g.node('Mul', [a, b]), g.ints([-1])], { keepdims: 1 });
}

/** Softmax of the rows of `logits` [N,c], and their log-sum-exp [N,1] as max − log(max p): all fused or single passes. */
export function softmax(g: Graph, logits: string): { readonly p: string; readonly lse: string } {
  const p = g.node('Softmax', [logits], { axis: -1 });
  const largest = g.node('ReduceMax', [logits], { axes: [-1], keepdims: 1 });
  const largestP = g.node('ReduceMax', [p], { axes: [-1], keepdims: 1 });
  return { p, lse: g.node('Sub', [largest, g.node('Log', [largestP])]) };
}

/** Log-sum-exp over the columns of [N,C] for small C: [N,1]. */
export function logSumExp(g: Graph, values: string): string {
  const largest = g.node('ReduceMax', [values], { axes: [1], keepdims: 1 });
  const sum = g.node('ReduceSum', [g.node('Exp', [g.node('Sub', [values, largest])]), g.ints([1])], { keepdims: 1 });
  return g.node('Add', [largest, g.node('Log', [sum])]);
}

export function transposed(g: Graph, value: string): string {
  return g.node('Transpose', [value], { perm: [0, 2, 1] });
}

export function sumOf(g: Graph, values: readonly string[]): string {
  return values.length === 1 ? values[0]! : g.node('Sum', values);
}

export function concat(g: Graph, values: readonly string[], axis: number): string {
  return values.length === 1 ? values[0]! : g.node('Concat', values, { axis });
}
