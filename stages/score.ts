/** The best window of every document, against every delta. */
import { type Outcome, Reject, type Stage } from '../pipeline/contract.ts';
import { consistencyOf } from '../schemas/consistency.ts';
import { provenanceOf } from '../schemas/provenance.ts';
import type { Gradients, Score } from '../schemas/types.ts';
import { MEASURES, type Measure, type Measured } from './measure.ts';
import type { WithReplay } from './replay/attached.ts';

/** What scoring needs to know of a delta D. */
export interface ScoredDelta {
  readonly id: string;
  /** |D| */
  readonly norm: number;
}

export interface ScoreOptions {
  /** What makes a window the best, and what documents are ranked by: the message's `ranking`. */
  readonly rankBy?: Measure;
  /** Of a classifier, in the order of its labels' numbers. */
  readonly labels?: readonly string[] | undefined;
}

/** Deltas that may come and go, by their ids. */
export type DeltasById = (id: string) => ScoredDelta | undefined;

/**
 * Scores each document against each delta, window by window, and keeps the best one, by what ranks. Always measured is
 *
 *     cos(G, D) = ⟨G, D⟩ / (|G| |D|),  D = W_base − W_tuned
 *
 * where G is the gradient at the base of the window's mean token loss by the head. A training step moves along −G, so +1
 * means that the window pushes the head exactly where the tuning went.
 *
 * @param deltas those that every document was measured against; or, where documents may differ in that, what is known of each
 * @throws RangeError at once for a delta whose length is 0 or not finite: it has no direction
 */
export function score(
  deltas: readonly ScoredDelta[] | DeltasById,
  { rankBy = 'cosine', labels = [] }: ScoreOptions = {},
): Stage<WithReplay<Gradients>, WithReplay<Score>> {
  const fixed = typeof deltas === 'function' ? undefined : deltas;
  const empty = fixed?.find(({ norm }) => !isLength(norm));
  if (empty !== undefined) throw new RangeError(`delta ${empty.id} has length ${empty.norm}: it points nowhere`);
  const ids = fixed?.map(({ id }) => id).join(',');

  /** Those that the document was measured against. */
  function deltasOf(document: Gradients): readonly ScoredDelta[] | Reject {
    if (typeof deltas !== 'function') {
      if (document.deltas === ids) return deltas;
      throw new Error(`score: gradients carry the deltas ${document.deltas}, expected ${ids}`);
    }
    const known = document.deltas.split(',').map((id) => ({ id, delta: deltas(id) }));
    const unknown = known.find(({ delta }) => delta === undefined || !isLength(delta.norm));
    if (unknown !== undefined) return new Reject('undecodable-message', `nobody knows of a delta ${unknown.id}`);
    return known.map(({ delta }) => delta!);
  }

  function scoreOne(document: WithReplay<Gradients>): Outcome<WithReplay<Score>> {
    const scored = deltasOf(document);
    return scored instanceof Reject ? scored : scoreAgainst(scored, document);
  }

  function scoreAgainst(own: readonly ScoredDelta[], document: WithReplay<Gradients>): Outcome<WithReplay<Score>> {
    const short = document.gradientNorm.findIndex((norm) => !isLength(norm));
    if (short !== -1) {
      return new Reject('degenerate-gradient', `|G| of window ${short} is ${document.gradientNorm[short]}`);
    }
    const broken = document.alignment.findIndex((alignment) => !Number.isFinite(alignment));
    if (broken !== -1) {
      const window = Math.floor(broken / own.length);
      return new Reject('degenerate-gradient', `⟨G, D⟩ of window ${window} is ${document.alignment[broken]}`);
    }
    const measured = own.map((delta, column) => windowsOf(document, delta, column, own.length));
    const odd = measured.flat().find((window) => !Number.isFinite(MEASURES[rankBy](window)));
    if (odd !== undefined) {
      return new Reject('degenerate-gradient', `the ${rankBy} of a window is ${MEASURES[rankBy](odd)}`);
    }
    const scores = own.map((delta, column) => bestWindow(document, delta, column, own.length, measured[column]!));
    const { replay } = document; // once for all deltas: it goes with the first
    return replay === undefined ? scores : scores.map((one, i) => (i === 0 ? { ...one, replay } : one));
  }

  /** The first of equals. */
  function bestWindow(
    document: Gradients,
    delta: ScoredDelta,
    column: number,
    columns: number,
    measured: readonly Measured[],
  ): Score {
    const { gradientNorm, tokens } = document;
    const windows = measured.length;
    const values = measured.map(MEASURES[rankBy]);
    const best = values.reduce((top, value, w) => (value > values[top]! ? w : top), 0);

    const total = tokens.reduce((sum, count) => sum + count, 0);
    const width = document.sketch.length / windows;
    const before = tokens.subarray(0, best).reduce((sum, count) => sum + count, 0);
    const start = document.lengths.subarray(0, best).reduce((sum, length) => sum + length, 0);
    const label = document.labels[best];
    const { consistency: _, ...known } = measured[best]!; // it follows from the tokens
    return {
      key: document.key,
      id: document.id,
      url: document.url,
      delta: delta.id,
      measurement: document.measurement,
      ranking: values[best]!,
      ...known,
      gradientNorm: gradientNorm[best]!,
      tokens: tokens[best]!,
      window: best,
      windows,
      meanAlignment: measured.reduce((sum, { alignment }, w) => sum + alignment * tokens[w]!, 0) / total,
      label: label === undefined ? null : (labels[label] ?? null),
      text: document.text,
      ids: document.ids.slice(start, start + document.lengths[best]!),
      tokenAlignment: tokensOf(document, before, tokens[best]!, column, columns),
      sketch: document.sketch.slice(best * width, (best + 1) * width),
      ...provenanceOf(document),
    };
  }

  return { name: 'score', process: (batch) => batch.map(scoreOne) };
}

/** What was measured of each window against the delta of this column of n. */
function windowsOf(document: Gradients, { norm }: ScoredDelta, column: number, n: number): readonly Measured[] {
  let before = 0;
  return Array.from(document.gradientNorm, (length, w) => {
    const alignment = document.alignment[w * n + column]!;
    const tokens = tokensOf(document, before, document.tokens[w]!, column, n);
    before += tokens.length;
    return {
      cosine: alignment / (length * norm),
      alignment,
      consistency: consistencyOf(tokens),
      loss: document.loss[w]!,
      lossTunedHead: document.lossTunedHead[w * n + column]!,
      lossTuned: document.lossTuned[w] ?? null,
    };
  });
}

/** What `count` scored tokens from number `first` on add to the alignment with the delta of this column of n. */
function tokensOf({ tokenAlignment }: Gradients, first: number, count: number, column: number, n: number) {
  return Float32Array.from({ length: count }, (_, t) => tokenAlignment[(first + t) * n + column]!);
}

/** A direction exists only for a finite, non-zero length. */
function isLength(length: number): boolean {
  return length > 0 && length < Infinity;
}
