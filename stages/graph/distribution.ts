/**
 * What a model expects at the scored positions: P = softmax(H Wᵀ) [N,V] for the hidden states of one body and one head W.
 *
 * The token that came, y, is kept apart from the others. With Q = P but 0 at y, and c = 1 − P[y] = ΣQ, the error is P − Y = Q − c Y: where
 * the model is sure, P − Y would be a difference of equal numbers, and Q and c are small ones, each exact to float32's last digit.
 *
 * The vocabulary is walked in chunks, each with a softmax of its own over the others: Qₜ on chunk k is fₜₖ pₜₖ, fₜₖ = exp(lseₜₖ − lseₜ).
 */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import type { DeltaTerms } from './delta-terms.ts';
import type { Graph } from './onnx.ts';
import { concat, logSumExp, rowDot, softmax, sumOf, transposed } from './operations.ts';
import { byRows, type Rows } from './rows.ts';

/** Hidden states of the scored positions: B windows, S positions, N = B·S. */
export interface States {
  /** [B,S,d] */
  readonly hidden: string;
  /** [N,d] */
  readonly flat: string;
}

export interface Distribution {
  readonly states: States;
  /** For each delta D, what it makes of these states; undefined where it is 0. */
  readonly terms: readonly (DeltaTerms | undefined)[];
  /** H Wᵀ on rows of the vocabulary [N,c], far below all others at y; undefined where W has none of them. */
  logits(rows: Rows): string | undefined;
  /** The logit of y [B,S,1] */
  readonly targetLogit: string;
  /** The logit of yₛ at position t of its window [B,S,S] */
  targetLogits(): string;
  /** p W on rows of the vocabulary [N,d] */
  expectedRow(p: string, rows: Rows): string;
  /** W[y] [B,S,d] */
  readonly targetRows: string;
}

/** Added to the logit of y: no other comes near, and nothing is left of it in a softmax. */
const APART = -1e30;

/** The head of a checkpoint. */
export function headDistribution(
  g: Graph,
  states: States,
  head: LocalTensor,
  targets: string,
): Omit<Distribution, 'terms'> {
  const [vocabulary = 0] = head.shape;
  const targetRows = g.gather(head, targets);
  const target = g.node('Reshape', [targets, g.ints([-1, 1])]); // y [N,1]

  function others(logits: string, [from, to]: Rows): string {
    const place = g.node('Sub', [target, g.ints([from])]);
    const inside = g.node('And', [
      g.node('GreaterOrEqual', [place, g.ints([0])]),
      g.node('Less', [place, g.ints([to - from])]),
    ]);
    const column = g.node('Where', [inside, place, g.ints([0])]);
    const less = g.node('Where', [inside, g.floats([APART], []), g.floats([0], [])]);
    return g.node('ScatterElements', [logits, column, less], { axis: 1, reduction: 'add' });
  }

  return {
    states,
    logits: byRows((rows) =>
      rows[0] < vocabulary ? others(g.product(states.flat, { tensor: head, rows, transposed: true }), rows) : undefined,
    ),
    targetLogit: rowDot(g, states.hidden, targetRows),
    targetLogits: () => g.node('MatMul', [states.hidden, transposed(g, targetRows)]),
    expectedRow: (p, rows) => g.node('MatMul', [p, g.weight(head, rows)]),
    targetRows,
  };
}

/**
 * The head W0 − a D on the same states, by what `base` has computed of W0; a delta that leaves the head alone changes nothing.
 * @param base of W0, and of D alone
 */
export function movedDistribution(g: Graph, base: Distribution, a: number): Distribution {
  const [term] = base.terms;
  if (term === undefined) return base;
  const less = (value: string, shift: string | undefined) =>
    shift === undefined ? value : g.node('Sub', [value, g.node('Mul', [shift, g.floats([a], [])])]);
  return {
    ...base,
    logits(rows) {
      const logits = base.logits(rows);
      return logits === undefined ? undefined : less(logits, term.shift(rows));
    },
    targetLogit: less(base.targetLogit, term.targetLogit),
    targetLogits: () => less(base.targetLogits(), term.targetLogits()),
  };
}

/** The others of one chunk, normalised over it: p [N,c], and their log-sum-exp [N,1]. */
export interface Chunk {
  readonly p: string;
  readonly lse: string;
}

export function chunkOf(g: Graph, logits: string | undefined): Chunk | undefined {
  return logits === undefined ? undefined : softmax(g, logits);
}

export interface Mixture {
  /** −log P[y] [N,1] */
  readonly loss: string;
  /** c = 1 − P[y] [N,1] */
  readonly miss: string;
  /** log-sum-exp over the vocabulary, y included [N,1] */
  readonly lse: string;
  /** f [N,1] of each chunk that is there */
  readonly shares: readonly (string | undefined)[];
  /** Σₖ fₖ partₖ over the chunks that have a part */
  of(parts: readonly (string | undefined)[]): string;
}

/**
 * From the chunks' own softmax to that of the whole vocabulary.
 * @param targetLogit [N,1]
 */
export function mixture(g: Graph, chunks: readonly (Chunk | undefined)[], targetLogit: string): Mixture {
  const there = chunks.flatMap((chunk) => (chunk === undefined ? [] : [chunk.lse]));
  const lses = concat(g, there, 1); // [N,C]
  const odds = g.node('Sub', [logSumExp(g, lses), targetLogit]); // log(c / P[y])
  const loss = g.node('Softplus', [odds]);
  const lse = g.node('Add', [targetLogit, loss]);
  const all = g.node('Exp', [g.node('Sub', [lses, lse])]);
  const columns = there.length === 1 ? [all] : g.nodes('Split', [all], there.length, { axis: 1 });
  const rest = columns.values();
  const shares = chunks.map((chunk) => (chunk === undefined ? undefined : rest.next().value!));
  return {
    loss,
    miss: g.node('Exp', [g.node('Sub', [odds, loss])]), // a Sigmoid is exact to 1e-7 of 1, not of itself
    lse,
    shares,
    of: (parts) =>
      sumOf(
        g,
        parts.flatMap((part, k) => (part === undefined ? [] : g.node('Mul', [part, shares[k]!]))),
      ),
  };
}
