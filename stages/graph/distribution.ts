/**
 * What a model expects at the scored positions: P = softmax(H Wᵀ) [N,V] for the hidden states of one body and one head W. The
 * vocabulary is walked in chunks, each with a softmax of its own: Pₜ on chunk c is fₜ꜀ pₜ꜀ with fₜ꜀ = exp(lseₜ꜀ − lseₜ).
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
  /** H Wᵀ on rows of the vocabulary [N,c]; undefined where W has none of them. */
  logits(rows: Rows): string | undefined;
  /** The logit of the target [B,S,1] */
  readonly targetLogit: string;
  /** The logit of target yₛ at position t of its window [B,S,S] */
  targetLogits(): string;
  /** p W on rows of the vocabulary [N,d] */
  expectedRow(p: string, rows: Rows): string;
  /** W[y] [B,S,d] */
  readonly targetRows: string;
}

/** The head of a checkpoint. */
export function headDistribution(
  g: Graph,
  states: States,
  head: LocalTensor,
  targets: string,
): Omit<Distribution, 'terms'> {
  const [vocabulary = 0] = head.shape;
  const targetRows = g.gather(head, targets);
  return {
    states,
    logits: byRows((rows) =>
      rows[0] < vocabulary ? g.product(states.flat, { tensor: head, rows, transposed: true }) : undefined,
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

/** P of one chunk, normalised over it: p [N,c], and its log-sum-exp [N,1]. */
export type Chunk = { readonly p: string; readonly lse: string };

export interface Mixture {
  /** [N,1] */
  readonly lse: string;
  /** f [N,1] of each chunk that is there */
  readonly shares: readonly (string | undefined)[];
  /** Σ꜀ f꜀ part꜀ over the chunks that have a part */
  of(parts: readonly (string | undefined)[]): string;
}

/** From the chunks' own softmax to that of the whole vocabulary. */
export function mixture(g: Graph, chunks: readonly (Chunk | undefined)[]): Mixture {
  const there = chunks.flatMap((chunk) => (chunk === undefined ? [] : [chunk.lse]));
  const lses = concat(g, there, 1); // [N,C]
  const lse = logSumExp(g, lses);
  const all = g.node('Exp', [g.node('Sub', [lses, lse])]);
  const columns = there.length === 1 ? [all] : g.nodes('Split', [all], there.length, { axis: 1 });
  const rest = columns.values();
  const shares = chunks.map((chunk) => (chunk === undefined ? undefined : rest.next().value!));
  return {
    lse,
    shares,
    of: (parts) =>
      sumOf(
        g,
        parts.flatMap((part, c) => (part === undefined ? [] : g.node('Mul', [part, shares[c]!]))),
      ),
  };
}

export function chunkOf(g: Graph, logits: string | undefined): Chunk | undefined {
  return logits === undefined ? undefined : softmax(g, logits);
}
