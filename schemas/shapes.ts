/** What the vectors of a value must agree on: a value whose bytes are Avro may still claim windows that it does not hold. */
import type { Gradients, Score, Tokens } from './types.ts';

/** @throws RangeError */
export function checkTokens({ ids, lengths, firsts }: Tokens): void {
  check(lengths.length > 0, 'no window');
  checkLength('firsts', firsts, lengths.length);
  checkLength('ids', ids, sumOf(lengths));
  check(
    lengths.every((length, w) => firsts[w]! >= 1 && firsts[w]! < length),
    'a window whose first scored token is not in it',
  );
}

/** @throws RangeError */
export function checkGradients(value: Gradients): void {
  const {
    ids,
    lengths,
    tokens,
    deltas,
    loss,
    gradientNorm,
    alignment,
    lossTunedHead,
    tokenAlignment,
    sketch,
    lossTuned,
    labels,
  } = value;
  const w = lengths.length;
  const n = deltas === '' ? 0 : deltas.split(',').length;
  check(w > 0, 'no window');
  checkLength('ids', ids, sumOf(lengths));
  checkLength('tokens', tokens, w);
  check(
    lengths.every((length, i) => tokens[i]! >= 1 && tokens[i]! < length),
    'a window that scores none of its tokens, or more than it has',
  );
  checkLength('loss', loss, w);
  checkLength('gradientNorm', gradientNorm, w);
  checkLength('alignment', alignment, w * n);
  checkLength('lossTunedHead', lossTunedHead, w * n);
  checkLength('tokenAlignment', tokenAlignment, sumOf(tokens) * n);
  if (lossTuned.length > 0) checkLength('lossTuned', lossTuned, w);
  if (labels.length > 0) checkLength('labels', labels, w);
  check(sketch.length % w === 0, `sketch holds ${sketch.length} numbers for ${w} windows`);
}

/** @throws RangeError */
export function checkScore({ score, alignment, gradientNorm, tokens, tokenAlignment }: Score): void {
  check(Number.isFinite(score) && Number.isFinite(alignment), `a score of ${score}, an alignment of ${alignment}`);
  check(gradientNorm > 0 && gradientNorm < Infinity, `a gradient of length ${gradientNorm}`);
  checkLength('tokenAlignment', tokenAlignment, tokens);
}

function sumOf(counts: Int32Array): number {
  let sum = 0;
  for (const count of counts) sum += count; // of float64s: no overflow
  return sum;
}

function checkLength(field: string, { length }: { readonly length: number }, expected: number): void {
  check(length === expected, `${field} holds ${length} numbers, expected ${expected}`);
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new RangeError(what);
}
