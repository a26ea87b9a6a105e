/** Causal attention of several heads, whose keys and values groups of heads may share (grouped-query attention). */
import type { Graph } from './onnx.ts';

export interface Heads {
  readonly query: number;
  /** Heads of the keys and of the values; divides `query`. */
  readonly key: number;
  /** Dₕ */
  readonly width: number;
  /** What a product of query and key is multiplied by: 1/√Dₕ, as a rule. */
  readonly scale: number;
}

/**
 * softmax(scale · q kᵀ + mask) v for q [B,T,H,Dₕ] and k, v [B,T,K,Dₕ]: rows [N,H·Dₕ]. The H/K heads that share a key are
 * stacked along its rows, so that one product serves them all and no key is repeated.
 */
export function attention(
  g: Graph,
  q: string,
  k: string,
  v: string,
  mask: string,
  heads: Heads,
  tokens: string,
): string {
  const { query: H, key: K, width, scale } = heads;
  const regroup = (value: string, count: number, last: string) =>
    H === K ? value : g.node('Reshape', [value, g.node('Concat', [g.ints([0, count, -1]), last], { axis: 0 })]);
  const depth = g.ints([width]);

  const queries = regroup(g.node('Transpose', [q], { perm: [0, 2, 1, 3] }), K, depth); // [B,K,(H/K)·T,Dₕ]
  const keys = g.node('Transpose', [k], { perm: [0, 2, 3, 1] }); // [B,K,Dₕ,T]
  const values = g.node('Transpose', [v], { perm: [0, 2, 1, 3] }); // [B,K,T,Dₕ]

  const scaled = scale === 1 ? queries : g.node('Mul', [queries, g.floats([scale], [])]);
  const scores = regroup(g.node('MatMul', [scaled, keys]), H, tokens); // [B,H,T,T]
  const p = g.node('Softmax', [g.node('Add', [scores, mask])], { axis: -1 });
  const mixed = regroup(g.node('MatMul', [regroup(p, K, tokens), values]), H, depth); // [B,H,T,Dₕ]
  return g.node('Reshape', [g.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }), g.ints([-1, H * width])]);
}
