/** The best window of every document, against every delta. */
import { type Outcome, Reject, type Stage } from '../pipeline/contract.ts';
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
  /** What makes a window the best, and a document's score; by default the cosine. */
  readonly rankBy?: Measure;
  /** Of a classifier, in the order of its labels' numbers. */
  readonly labels?: readonly string[] | undefined;
}

/**
 * Scores each document against each delta, window by window, and keeps the best one, by default by
 *
 *     cos(G, D) = ⟨G, D⟩ / (|G| |D|),  D = W_base − W_tuned
 *
 * where G is the gradient at the base of the window's mean token loss by the head. A training step moves along −G, so +1
 * means that the window pushes the head exactly where the tuning went.
 *
 * @throws RangeError at once for a delta whose length is 0 or not finite: it has no direction
 */
export function score(
  deltas: readonly ScoredDelta[],
  { rankBy = 'cosine', labels = [] }: ScoreOptions = {},
): Stage<WithReplay<Gradients>, WithReplay<Score>> {
  const empty = deltas.find(({ norm }) => !isLength(norm));
  if (empty !== undefined) throw new RangeError(`delta ${empty.id} has length ${empty.norm}: it points nowhere`);
  const ids = deltas.map(({ id }) => id).join(',');

  function scoreOne(document: WithReplay<Gradients>): Outcome<WithReplay<Score>> {
    if (document.deltas !== ids) {
      throw new Error(`score: gradients carry the deltas ${document.deltas}, expected ${ids}`);
    }
    const short = document.gradientNorm.findIndex((norm) => !isLength(norm));
    if (short !== -1) {
      return new Reject('degenerate-gradient', `|G| of window ${short} is ${document.gradientNorm[short]}`);
    }
    const broken = document.alignment.findIndex((alignment) => !Number.isFinite(alignment));
    if (broken !== -1) {
      const window = Math.floor(broken / deltas.length);
      return new Reject('degenerate-gradient', `⟨G, D⟩ of window ${window} is ${document.alignment[broken]}`);
    }
    const measured = deltas.map((delta, column) => windowsOf(document, delta, column, deltas.length));
    const odd = measured.flat().find((window) => !Number.isFinite(MEASURES[rankBy](window)));
    if (odd !== undefined) {
      return new Reject('degenerate-gradient', `the ${rankBy} of a window is ${MEASURES[rankBy](odd)}`);
    }
    const scores = deltas.map((delta, column) => bestWindow(document, delta, column, measured[column]!));
    const { replay } = document; // once for all deltas: it goes with the first
    return replay === undefined ? scores : scores.map((one, i) => (i === 0 ? { ...one, replay } : one));
  }

  /** The first of equals. */
  function bestWindow(document: Gradients, delta: ScoredDelta, column: number, measured: readonly Measured[]): Score {
    const { gradientNorm, tokens } = document;
    const windows = measured.length;
    const scores = measured.map(MEASURES[rankBy]);
    const best = scores.reduce((top, value, w) => (value > scores[top]! ? w : top), 0);

    const total = tokens.reduce((sum, count) => sum + count, 0);
    const width = document.sketch.length / windows;
    const before = tokens.subarray(0, best).reduce((sum, count) => sum + count, 0);
    const start = document.lengths.subarray(0, best).reduce((sum, length) => sum + length, 0);
    const label = document.labels[best];
    return {
      key: document.key,
      id: document.id,
      url: document.url,
      delta: delta.id,
      measurement: document.measurement,
      score: scores[best]!,
      ...measured[best]!,
      gradientNorm: gradientNorm[best]!,
      tokens: tokens[best]!,
      window: best,
      windows,
      meanAlignment: measured.reduce((sum, { alignment }, w) => sum + alignment * tokens[w]!, 0) / total,
      label: label === undefined ? null : (labels[label] ?? null),
      text: document.text,
      ids: document.ids.slice(start, start + document.lengths[best]!),
      tokenAlignment: Float32Array.from(
        { length: tokens[best]! },
        (_, t) => document.tokenAlignment[(before + t) * deltas.length + column]!,
      ),
      sketch: document.sketch.slice(best * width, (best + 1) * width),
      ...provenanceOf(document),
    };
  }

  return { name: 'score', process: (batch) => batch.map(scoreOne) };
}

/** What was measured of each window against the delta of this column of n. */
function windowsOf(document: Gradients, { norm }: ScoredDelta, column: number, n: number): readonly Measured[] {
  return Array.from(document.gradientNorm, (length, w) => {
    const alignment = document.alignment[w * n + column]!;
    return {
      cosine: alignment / (length * norm),
      alignment,
      loss: document.loss[w]!,
      lossTunedHead: document.lossTunedHead[w * n + column]!,
      lossTuned: document.lossTuned[w] ?? null,
    };
  });
}

/** A direction exists only for a finite, non-zero length. */
function isLength(length: number): boolean {
  return length > 0 && length < Infinity;
}
