/** What one delta D = W0 − W1 adds to the tail of the graph: its share of the alignment, and the logits of the tuned head. */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import type { Graph } from './onnx.ts';
import { rowDot, softmax, transposed } from './operations.ts';
import { byRows, type Rows } from './rows.ts';

/**
 * D of the tuned head itself, or as factors A [V,r], B [d,r] of D = A Bᵀ. Rows from `shared` on are in one vocabulary only:
 * D is 0 on the base's, and the tuned head's softmax runs over its own. `none`: tuning left the head alone.
 */
export type HeadDelta =
  | { readonly kind: 'none' }
  | { readonly kind: 'full'; readonly tuned: LocalTensor; readonly shared: number }
  | { readonly kind: 'factors'; readonly rank: number; readonly a: Float32Array; readonly b: Float32Array };

/** The values that every delta's terms are made from; B windows, S positions, N = B·S. */
export interface HeadValues {
  readonly base: LocalTensor;
  /** [B,S,d] */
  readonly hidden: string;
  /** the same, [N,d] */
  readonly flat: string;
  /** [B,S] int64 */
  readonly targets: string;
  /** W0[y] [B,S,d] */
  readonly targetRows: string;
}

export interface DeltaTerms {
  /** D[y] · h [B,S,1] */
  readonly targetLogit: string;
  /** D[yₛ] · hₜ of every two positions of a window [B,S,S] */
  targetLogits(): string;
  /** log-sum-exp of rows that only the tuned vocabulary has, [N,1] each */
  readonly tunedOnly: readonly string[];
  /** X = h Dᵀ on the rows [N,c]; undefined where they are not shared: D is 0 there. */
  shift(rows: Rows): string | undefined;
  /** Σ_v p_v X_v over the rows [N,1], or Σ_v p_v A_v [N,r] where `contract` still has to meet it with h B. */
  expected(p: string, rows: Rows): string | undefined;
  /** The summed `expected` to P D h [N,1]. */
  contract(expected: string): string;
}

/**
 * Undefined where D is 0.
 * @param shifted X is made anyway: `expected` is taken from it, where P D would be a second product
 */
export function deltaTerms(g: Graph, delta: HeadDelta, at: HeadValues, shifted: boolean): DeltaTerms | undefined {
  if (delta.kind === 'none') return undefined;
  return delta.kind === 'full' ? fullTerms(g, delta, at) : factorTerms(g, delta, at, shifted);
}

function fullTerms(
  g: Graph,
  { tuned, shared }: HeadDelta & { kind: 'full' },
  { base, hidden, flat, targets, targetRows }: HeadValues,
): DeltaTerms {
  const [vocabulary = 0] = base.shape;
  const [tunedVocabulary = 0] = tuned.shape;
  const targetDifference = g.node('Sub', [targetRows, g.gather(tuned, clamped())]); // D[y] on shared rows [B,S,d]
  const shift = byRows(([from, to]) =>
    from >= shared ? undefined : g.product(flat, { tensor: base, less: tuned, rows: [from, to], transposed: true }),
  );
  return {
    targetLogit: sharedOnly(rowDot(g, hidden, targetDifference), 2),
    targetLogits: () => sharedOnly(g.node('MatMul', [hidden, transposed(g, targetDifference)]), 1),
    tunedOnly:
      tunedVocabulary > shared
        ? [softmax(g, g.product(flat, { tensor: tuned, rows: [shared, tunedVocabulary], transposed: true })).lse]
        : [],
    shift,

    expected(p, rows) {
      const x = shift(rows);
      return x === undefined ? undefined : rowDot(g, p, x);
    },

    contract: (expected) => expected,
  };

  function clamped(): string {
    return shared < vocabulary ? g.node('Min', [targets, g.ints([shared - 1])]) : targets;
  }

  /** @param axis where the targets [B,S] stand once for all */
  function sharedOnly(values: string, axis: 1 | 2): string {
    if (shared >= vocabulary) return values;
    const isShared = g.node('Cast', [g.node('Less', [targets, g.ints([shared])])], { to: 1 });
    return g.node('Mul', [values, g.node('Unsqueeze', [isShared, g.ints([axis])])]);
  }
}

function factorTerms(
  g: Graph,
  { a, b, rank }: HeadDelta & { kind: 'factors' },
  { base, flat, targets }: HeadValues,
  shifted: boolean,
): DeltaTerms {
  const [vocabulary = 0, width = 0] = base.shape;
  const projected = g.node('MatMul', [flat, g.floats(b, [width, rank])]); // h B [N,r]
  const grid = g.node('Concat', [g.node('Shape', [targets]), g.ints([rank])], { axis: 0 });
  const byWindow = g.node('Reshape', [projected, grid]); // [B,S,r]
  const targetFactors = g.node('Gather', [g.floats(a, [vocabulary, rank]), targets], { axis: 0 }); // A[y] [B,S,r]
  /** A on the rows [c,r]; undefined where the base has none of them. */
  const factor = byRows(([from, to]) =>
    from < vocabulary ? g.floats(a.subarray(from * rank, to * rank), [to - from, rank]) : undefined,
  );
  const shift = byRows((rows) => {
    const part = factor(rows);
    return part === undefined ? undefined : g.node('Gemm', [projected, part], { transB: 1 });
  });
  return {
    targetLogit: rowDot(g, byWindow, targetFactors),
    targetLogits: () => g.node('MatMul', [byWindow, transposed(g, targetFactors)]),
    tunedOnly: [],
    shift,

    expected(p, rows) {
      const met = shifted ? shift(rows) : factor(rows);
      if (met === undefined) return undefined;
      return shifted ? rowDot(g, p, met) : g.node('MatMul', [p, met]);
    },

    contract: (expected) => (shifted ? expected : rowDot(g, expected, projected)),
  };
}
