/** |G|² of every window, from the factors of G. */
import type { Graph } from './onnx.ts';
import { sumOf, transposed } from './operations.ts';

/** What is expected at one point, by distribution.ts: B windows, S positions. */
export interface Expectation {
  /** H [B,S,d] */
  readonly hidden: string;
  /** c [B,S,1] */
  readonly miss: string;
  /** P_t[yₛ] of every two positions of a window [B,S,S] */
  readonly targetP: string;
}

/** Two points k <= l, and Q_k Q_lᵀ of each window [B,S,S]. */
export interface Pair {
  readonly one: Expectation;
  readonly other: Expectation;
  readonly qq: string;
}

/**
 * G is the mean over K points of E_kᵀ H_k with E_k = (Q_k − c_k Y) ∘ m, so |G|² = 1/K² Σ_kl Σ (E_k E_lᵀ) ∘ (H_k H_lᵀ), where
 * E_k E_lᵀ[t,s] = mₜ mₛ (Q_kt·Q_ls − Q_kt[yₛ] c_ls − c_kt Q_ls[yₜ] + [yₜ = yₛ] c_kt c_ls).
 *
 * @param pairs every two points once, and each with itself
 * @param targets [B,S]
 * @param weights m [B,S,1]
 * @returns [B]
 */
export function squaredLength(g: Graph, pairs: readonly Pair[], targets: string, weights: string): string {
  const same = g.node('Equal', [
    g.node('Unsqueeze', [targets, g.ints([2])]),
    g.node('Unsqueeze', [targets, g.ints([1])]),
  ]); // [yₜ = yₛ] [B,S,S]
  const outer = (t: string, s: string) => g.node('MatMul', [t, transposed(g, s)]); // [B,S,S]
  const points = (Math.sqrt(8 * pairs.length + 1) - 1) / 2;

  const products = pairs.map(({ one, other, qq }) => {
    const across = g.node('Add', [
      g.node('Mul', [one.targetP, transposed(g, other.miss)]),
      g.node('Mul', [transposed(g, other.targetP), one.miss]),
    ]);
    // Q is 0 at its own target: where both are the same, what is crossed is 0, and the misses meet
    const targetTerm = g.node('Where', [same, outer(one.miss, other.miss), g.node('Neg', [across])]);
    const ee = g.node('Add', [qq, targetTerm]);
    return scaled(g.node('Mul', [ee, outer(one.hidden, other.hidden)]), (one === other ? 1 : 2) / points ** 2);
  });
  const weighted = g.node('Mul', [sumOf(g, products), outer(weights, weights)]);
  return g.node('ReduceSum', [weighted, g.ints([1, 2])], { keepdims: 0 });

  function scaled(value: string, factor: number): string {
    return factor === 1 ? value : g.node('Mul', [value, g.floats([factor], [])]);
  }
}
