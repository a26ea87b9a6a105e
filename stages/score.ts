/** The best window of every document, against every delta. */
import { type Outcome, Reject, type Stage } from '../pipeline/contract.ts';
import { provenanceOf } from '../schemas/provenance.ts';
import type { Gradients, Score } from '../schemas/types.ts';

/** What scoring needs to know of a delta D. */
export interface ScoredDelta {
  readonly id: string;
  /** |D| */
  readonly norm: number;
}

/**
 * Scores each document against each delta, window by window, and keeps the best one:
 *
 *     score = cos(G, D) = ⟨G, D⟩ / (|G| |D|),  D = W_base − W_tuned
 *
 * where G is the gradient at the base of the window's mean token loss by the head. A training step moves along −G, so +1
 * means that the window pushes the head exactly where the tuning went.
 *
 * @throws RangeError at once for a delta whose length is 0 or not finite: it has no direction
 */
export function score(deltas: readonly ScoredDelta[]): Stage<Gradients, Score> {
  const empty = deltas.find(({ norm }) => !isLength(norm));
  if (empty !== undefined) throw new RangeError(`delta ${empty.id} has length ${empty.norm}: it points nowhere`);
  const ids = deltas.map(({ id }) => id).join(',');

  function scoreOne(document: Gradients): Outcome<Score> {
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
    return deltas.map((delta, column) => bestWindow(document, delta, column, deltas.length));
  }

  return { name: 'score', process: (batch) => batch.map(scoreOne) };
}

function bestWindow(document: Gradients, delta: ScoredDelta, column: number, n: number): Score {
  const { gradientNorm, tokens } = document;
  const windows = gradientNorm.length;
  const alignments = Array.from(gradientNorm, (_, w) => document.alignment[w * n + column]!);
  const scores = alignments.map((alignment, w) => alignment / (gradientNorm[w]! * delta.norm));
  const best = scores.reduce((top, value, w) => (value > scores[top]! ? w : top), 0);

  const total = tokens.reduce((sum, count) => sum + count, 0);
  const width = document.sketch.length / windows;
  const before = tokens.subarray(0, best).reduce((sum, count) => sum + count, 0);
  const start = document.lengths.subarray(0, best).reduce((sum, length) => sum + length, 0);
  return {
    key: document.key,
    id: document.id,
    url: document.url,
    delta: delta.id,
    measurement: document.measurement,
    score: scores[best]!,
    alignment: alignments[best]!,
    gradientNorm: gradientNorm[best]!,
    loss: document.loss[best]!,
    lossTunedHead: document.lossTunedHead[best * n + column]!,
    tokens: tokens[best]!,
    window: best,
    windows,
    meanAlignment: alignments.reduce((sum, alignment, w) => sum + alignment * tokens[w]!, 0) / total,
    text: document.text,
    ids: document.ids.slice(start, start + document.lengths[best]!),
    tokenAlignment: Float32Array.from(
      { length: tokens[best]! },
      (_, t) => document.tokenAlignment[(before + t) * n + column]!,
    ),
    sketch: document.sketch.slice(best * width, (best + 1) * width),
    ...provenanceOf(document),
  };
}

/** A direction exists only for a finite, non-zero length. */
function isLength(length: number): boolean {
  return length > 0 && length < Infinity;
}
