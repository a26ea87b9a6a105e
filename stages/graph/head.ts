/**
 * The tail of the graph: what the head's gradient says of each scored position, without ever forming that gradient.
 *
 * For final hidden states H [N,d] of the scored positions, P = softmax(H W0ᵀ) [N,V], one-hot targets Y and weights m [N],
 * the gradient of the weighted token loss by the head is G = Eᵀ H with E = (P − Y) ∘ m. Then, for a delta D = W0 − W1 [V,d]:
 *
 *     ⟨G, D⟩ = Σₜ mₜ (Pₜ D − D[yₜ]) · hₜ             |G|² = Σ (E Eᵀ) ∘ (H Hᵀ) within a window
 *     loss at W1 = logsumexp(H W0ᵀ − H Dᵀ) − (h W0[y] − h D[y])
 *
 * The vocabulary is walked in chunks, each with a softmax of its own: Pₜ on chunk c is fₜ꜀ pₜ꜀ with fₜ꜀ = exp(lseₜ꜀ − lseₜ).
 * A whole [N,V] never exists, and each chunk's [N,c] temporaries stay in cache.
 */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import { BUCKETS } from '../math/sketch.ts';
import { type DeltaTerms, deltaTerms, type HeadDelta } from './delta-terms.ts';
import { type MlpParts, mlpTerms } from './last-mlp.ts';
import type { Graph } from './onnx.ts';
import { concat, logSumExp, rowDot, softmax, sumOf, transposed } from './operations.ts';

/** The sketch's part of the graph; project.ts makes it, beside the same map in plain code. */
export interface SketchTail {
  /** Probabilities p [N,c] of vocabulary rows [from, to), normalised over the chunk, to buckets [N,b]. */
  chunk(graph: Graph, p: string, rows: readonly [number, number]): string;
  /** Sketches [B,k] of G from P in buckets [B,S,b], targets [B,S], weights [B,S,1] and hidden states [B,S,d]. */
  finish(graph: Graph, at: SketchValues): string;
}

export interface SketchValues {
  readonly bucketed: string;
  readonly targets: string;
  readonly weights: string;
  readonly hidden: string;
}

export interface HeadOptions {
  /** W0 [V,d] */
  readonly base: LocalTensor;
  readonly deltas: readonly HeadDelta[];
  /** The gradients that count, alignments and squared lengths summed over them; by default the head's alone. */
  readonly gradients?: { readonly head: boolean; readonly mlp: MlpParts | undefined };
  readonly norm: boolean;
  readonly lossTunedHead: boolean;
  readonly sketch?: SketchTail | undefined;
  /** Rows of the vocabulary to a chunk; by default V/32, at least 1,024, and a multiple of the sketch's buckets. */
  readonly chunkRows?: number | undefined;
}

/** Which positions are scored: B windows, S positions each. */
export const INPUTS = {
  /** [B,S] flat index b·T + t of the position that predicts; padding points anywhere */
  rows: 'rows',
  /** [B,S] the token predicted there; padding holds any valid id */
  targets: 'targets',
  /** [B,S] mₜ: 1/tokens of the window, 0 on padding */
  weights: 'weights',
} as const;

export const OUTPUTS = {
  /** [B,S] −log P(y), not weighted */
  tokenLoss: 'token_loss',
  /** [B,S,n] weighted: its sum over S is ⟨G, D⟩ */
  tokenAlignment: 'token_alignment',
  /** [B,S,n] −log P(y) under the tuned head, not weighted */
  tokenLossTunedHead: 'token_loss_tuned_head',
  /** [B] |G|² */
  squaredNorm: 'squared_norm',
  /** [B,k] */
  sketch: 'sketch',
} as const;

const CHUNKS = 32;
const LEAST_CHUNK_ROWS = 1024;

/** Appends the tail to `hidden` [B,T,d] and declares its inputs and outputs. */
export function appendHead(g: Graph, hidden: string, options: HeadOptions): void {
  const {
    base,
    deltas,
    norm,
    lossTunedHead,
    sketch,
    gradients: { head, mlp } = { head: true, mlp: undefined },
  } = options;
  const [, width = 0] = base.shape;
  const rows = g.input(INPUTS.rows, 'int64', ['B', 'S']);
  const targets = g.input(INPUTS.targets, 'int64', ['B', 'S']);
  const weights = g.node('Unsqueeze', [g.input(INPUTS.weights, 'float32', ['B', 'S']), g.ints([2])]); // [B,S,1]

  const h = g.node('Gather', [g.node('Reshape', [hidden, g.ints([-1, width])]), rows], { axis: 0 }); // [B,S,d]
  const flat = g.node('Reshape', [h, g.ints([-1, width])]); // [N,d]
  const grid = g.node('Shape', [rows]);
  /** [N,x] as [B,S,x] */
  const byWindow = (value: string, x: number) =>
    g.node('Reshape', [value, g.node('Concat', [grid, g.ints([x])], { axis: 0 })]);

  const targetRows = g.gather(base, targets); // W0[y] [B,S,d]
  const targetLogit = rowDot(g, h, targetRows); // [B,S,1]
  const terms = deltas.map((delta) =>
    deltaTerms(g, delta, { base, hidden: h, flat, targets, targetRows }, lossTunedHead),
  );

  const chunks = chunksOf(options).map((range) => {
    const logits = g.product(flat, { tensor: base, rows: range, transposed: true }); // [N,c]
    const { p, lse } = softmax(g, logits);
    const grouped = norm && head ? byWindow(p, range[1] - range[0]) : ''; // [B,S,c]
    return {
      lse,
      terms: terms.map((term) => term?.chunk(range, logits, p)),
      gram: grouped === '' ? '' : g.node('MatMul', [grouped, transposed(g, grouped)]), // p pᵀ [B,S,S]
      expectedRow: mlp === undefined ? undefined : g.node('MatMul', [p, g.weight(base, range)]), // p W0 [N,d]
      bucketed: sketch?.chunk(g, p, range) ?? '',
    };
  });

  const lses = concat(
    g,
    chunks.map((chunk) => chunk.lse),
    1,
  ); // [N,C]
  const lse = logSumExp(g, lses); // [N,1]
  const shares = g.node('Exp', [g.node('Sub', [lses, lse])]); // f [N,C]
  const share = columns(g, shares, chunks.length, 1); // C × [N,1]
  /** Σ꜀ f꜀ · part꜀ over the chunks that have a part */
  const mixed = (parts: readonly (string | undefined)[]) =>
    sumOf(
      g,
      parts.flatMap((part, c) => (part === undefined ? [] : g.node('Mul', [part, share[c]!]))),
    );

  const loss = g.node('Sub', [byWindow(lse, 1), targetLogit]); // [B,S,1]
  g.output(g.node('Squeeze', [loss, g.ints([2])]), OUTPUTS.tokenLoss, 'float32', ['B', 'S']);

  const throughMlp = mlp === undefined ? undefined : mlpTerms(g, error(), rows, mlp);
  if (terms.length > 0) {
    g.output(concat(g, terms.map(alignment), 2), OUTPUTS.tokenAlignment, 'float32', ['B', 'S', terms.length]);
  }
  if (terms.length > 0 && lossTunedHead) {
    g.output(concat(g, terms.map(tunedLoss), 2), OUTPUTS.tokenLossTunedHead, 'float32', ['B', 'S', terms.length]);
  }
  if (norm) {
    const squares = [...(head ? [squaredNorm()] : []), ...(throughMlp === undefined ? [] : [throughMlp.squaredNorm])];
    g.output(sumOf(g, squares), OUTPUTS.squaredNorm, 'float32', ['B']);
  }
  if (sketch !== undefined) {
    const bucketed = g.node('Reshape', [
      mixed(chunks.map((chunk) => chunk.bucketed)),
      concat(g, [grid, g.ints([-1])], 0),
    ]);
    g.output(sketch.finish(g, { bucketed, targets, weights, hidden: h }), OUTPUTS.sketch, 'float32', ['B', 'k']);
  }

  /** ∂loss/∂H = E W0 [B,S,d] */
  function error(): string {
    const expected = mixed(chunks.map((chunk) => chunk.expectedRow));
    return g.node('Mul', [g.node('Sub', [byWindow(expected, width), targetRows]), weights]);
  }

  /** Contributions to ⟨G, D⟩ over all that counts [B,S,1] */
  function alignment(term: DeltaTerms | undefined, i: number): string {
    const parts = [head && term !== undefined ? headAlignment(term, i) : undefined, throughMlp?.alignments[i]];
    const there = parts.filter((part) => part !== undefined);
    return there.length > 0 ? sumOf(g, there) : g.node('Sub', [weights, weights]);
  }

  /** mₜ (Pₜ D − D[yₜ]) · hₜ [B,S,1] */
  function headAlignment(term: DeltaTerms, i: number): string {
    const expected = term.contract(mixed(chunks.map((chunk) => chunk.terms[i]?.expected)));
    return g.node('Mul', [g.node('Sub', [byWindow(expected, 1), term.targetLogit]), weights]);
  }

  /** −log P(y) with the tuned head's logits H W0ᵀ − H Dᵀ [B,S,1] */
  function tunedLoss(term: DeltaTerms | undefined, i: number): string {
    if (term === undefined) return loss;
    const parts = chunks.flatMap((chunk) => chunk.terms[i]?.lseTuned ?? []);
    const tuned = logSumExp(g, concat(g, [...parts, ...term.tunedOnly], 1));
    return g.node('Sub', [byWindow(tuned, 1), g.node('Sub', [targetLogit, term.targetLogit])]);
  }

  /** Σ (E Eᵀ) ∘ (H Hᵀ) of each window [B], where E Eᵀ[t,s] = mₜ mₛ (Pₜ·Pₛ − Pₜ[yₛ] − Pₛ[yₜ] + [yₜ = yₛ]). */
  function squaredNorm(): string {
    const perWindow = columns(g, byWindow(shares, chunks.length), chunks.length, 2); // C × [B,S,1]
    const outer = (column: string) => g.node('MatMul', [column, transposed(g, column)]); // [B,S,S]
    const pp = sumOf(
      g,
      chunks.map(({ gram }, c) => g.node('Mul', [gram, outer(perWindow[c]!)])),
    );
    const logits = g.node('MatMul', [h, transposed(g, targetRows)]); // logit of yₛ at t [B,S,S]
    const py = g.node('Exp', [g.node('Sub', [logits, byWindow(lse, 1)])]); // Pₜ[yₛ]
    const same = g.node('Equal', [
      g.node('Unsqueeze', [targets, g.ints([2])]),
      g.node('Unsqueeze', [targets, g.ints([1])]),
    ]);
    const cross = g.node('Add', [py, transposed(g, py)]);
    const ee = g.node('Add', [g.node('Sub', [pp, cross]), g.node('Cast', [same], { to: 1 })]);
    const hh = g.node('MatMul', [h, transposed(g, h)]);
    const weighted = g.node('Mul', [g.node('Mul', [ee, hh]), outer(weights)]);
    return g.node('ReduceSum', [weighted, g.ints([1, 2])], { keepdims: 0 });
  }
}

/** Row ranges that cover the vocabulary, with a boundary wherever a delta's shared rows end. */
function chunksOf({ base, deltas, chunkRows }: HeadOptions): readonly (readonly [number, number])[] {
  const [vocabulary = 0] = base.shape;
  const size = chunkRows ?? Math.max(LEAST_CHUNK_ROWS, BUCKETS * Math.ceil(vocabulary / (BUCKETS * CHUNKS)));
  const cuts = new Set([0, vocabulary]);
  for (let row = size; row < vocabulary; row += size) cuts.add(row);
  for (const delta of deltas) if (delta.kind === 'full') cuts.add(Math.min(delta.shared, vocabulary));
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(1).map((to, i) => [sorted[i]!, to] as const);
}

/** The n columns of `value` along `axis`, each kept as a column. */
function columns(g: Graph, value: string, n: number, axis: number): readonly string[] {
  return n === 1 ? [value] : g.nodes('Split', [value], n, { axis });
}
