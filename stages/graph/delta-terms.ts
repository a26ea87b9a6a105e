/** What one delta D = W0 − W1 adds to the tail of the graph: its share of the alignment, and the logits of the tuned head. */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import type { Graph } from './onnx.ts';
import { rowDot, softmax } from './operations.ts';

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

export interface ChunkTerms {
  /** Σ_v p_v X_v over the chunk [N,1], or Σ_v p_v A_v [N,r] where `contract` still has to meet it with h B */
  readonly expected: string;
  /** log-sum-exp of the tuned head's logits on the chunk [N,1]; undefined where they were not asked for */
  readonly lseTuned: string | undefined;
}

export interface DeltaTerms {
  /** D[y] · h [B,S,1] */
  readonly targetLogit: string;
  /** log-sum-exp of rows that only the tuned vocabulary has, [N,1] each */
  readonly tunedOnly: readonly string[];
  /** Undefined where the chunk's rows are not shared: D is 0 there. */
  chunk(rows: readonly [number, number], logits: string, p: string): ChunkTerms | undefined;
  /** The summed `expected` to P D h [N,1]. */
  contract(expected: string): string;
}

/** Undefined where D is 0. */
export function deltaTerms(g: Graph, delta: HeadDelta, at: HeadValues, lossTunedHead: boolean): DeltaTerms | undefined {
  if (delta.kind === 'none') return undefined;
  return delta.kind === 'full' ? fullTerms(g, delta, at, lossTunedHead) : factorTerms(g, delta, at, lossTunedHead);
}

function fullTerms(
  g: Graph,
  { tuned, shared }: HeadDelta & { kind: 'full' },
  { base, hidden, flat, targets, targetRows }: HeadValues,
  lossTunedHead: boolean,
): DeltaTerms {
  const [vocabulary = 0] = base.shape;
  const [tunedVocabulary = 0] = tuned.shape;
  return {
    targetLogit: sharedOnly(g.gather(tuned, clamped())),
    tunedOnly:
      tunedVocabulary > shared
        ? [softmax(g, g.product(flat, { tensor: tuned, rows: [shared, tunedVocabulary], transposed: true })).lse]
        : [],

    chunk(rows, logits, p) {
      if (rows[0] >= shared) return undefined;
      const x = g.product(flat, { tensor: base, less: tuned, rows, transposed: true }); // h Dᵀ
      return fromLogitShift(g, { x, logits, p }, lossTunedHead);
    },

    contract: (expected) => expected,
  };

  function clamped(): string {
    return shared < vocabulary ? g.node('Min', [targets, g.ints([shared - 1])]) : targets;
  }

  function sharedOnly(tunedRows: string): string {
    const dot = rowDot(g, hidden, g.node('Sub', [targetRows, tunedRows]));
    if (shared >= vocabulary) return dot;
    const isShared = g.node('Cast', [g.node('Less', [targets, g.ints([shared])])], { to: 1 });
    return g.node('Mul', [dot, g.node('Unsqueeze', [isShared, g.ints([2])])]);
  }
}

function factorTerms(
  g: Graph,
  { a, b, rank }: HeadDelta & { kind: 'factors' },
  { base, flat, targets }: HeadValues,
  lossTunedHead: boolean,
): DeltaTerms {
  const [vocabulary = 0, width = 0] = base.shape;
  const projected = g.node('MatMul', [flat, g.floats(b, [width, rank])]); // h B [N,r]
  const grid = g.node('Concat', [g.node('Shape', [targets]), g.ints([rank])], { axis: 0 });
  const targetFactors = g.node('Gather', [g.floats(a, [vocabulary, rank]), targets], { axis: 0 }); // A[y] [B,S,r]
  return {
    targetLogit: rowDot(g, g.node('Reshape', [projected, grid]), targetFactors),
    tunedOnly: [],

    chunk([from, to], logits, p) {
      const part = g.floats(a.subarray(from * rank, to * rank), [to - from, rank]);
      if (!lossTunedHead) return { expected: g.node('MatMul', [p, part]), lseTuned: undefined };
      return fromLogitShift(g, { x: g.node('Gemm', [projected, part], { transB: 1 }), logits, p }, true);
    },

    contract: (expected) => (lossTunedHead ? expected : rowDot(g, expected, projected)),
  };
}

/** Where the shift of the logits X = h Dᵀ [N,c] is at hand, both terms come from it: P D would be a second product. */
function fromLogitShift(
  g: Graph,
  { x, logits, p }: { readonly x: string; readonly logits: string; readonly p: string },
  lossTunedHead: boolean,
): ChunkTerms {
  return {
    expected: rowDot(g, p, x),
    lseTuned: lossTunedHead ? softmax(g, g.node('Sub', [logits, x])).lse : undefined,
  };
}
