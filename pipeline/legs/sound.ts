/**
 * Whether a message that could be decoded says something that its leg can work on. A topic is open to others: what is not sound
 * is one document's fault, and must not end the worker that reads it.
 */
import type { Alert, Comparison, Gradients, Score, Tokens } from '../../schemas/types.ts';

/** @throws RangeError where windows and ids do not fit, or a window is longer than the model takes */
export function soundTokens(tokens: Tokens, longest: number): Tokens {
  const { ids, lengths, firsts } = tokens;
  expect(lengths.length > 0, 'a window', lengths.length);
  expect(firsts.length === lengths.length, `the first token of ${lengths.length} windows`, firsts.length);
  for (const [w, length] of lengths.entries()) {
    expect(length > 1 && length <= longest, `2 to ${longest} tokens in window ${w}`, length);
    expect(firsts[w]! > 0 && firsts[w]! < length, `a first token within window ${w}`, firsts[w]!);
  }
  expect(sum(lengths) === ids.length, `${sum(lengths)} ids`, ids.length);
  return tokens;
}

/** @throws RangeError where it cannot be compared, or there is no such partition */
export function soundComparison(comparison: Comparison, minima: number, partitions: number): Comparison {
  const { partition } = comparison;
  expect(comparison.minima.length === minima, `${minima} minima`, comparison.minima.length);
  expect(comparison.bands.length > 0 && comparison.bands.length <= minima, 'bands of minima', comparison.bands.length);
  expect(partition >= 0 && partition < partitions, `one of ${partitions} partitions`, partition);
  return comparison;
}

/** @throws RangeError where its arrays are not those of the same windows */
export function soundGradients(gradients: Gradients): Gradients {
  const { gradientNorm, loss, alignment, lossTunedHead, tokens, lengths, ids, tokenAlignment, sketch } = gradients;
  const { lossTuned, labels } = gradients;
  const windows = gradientNorm.length;
  const columns = windows * gradients.deltas.split(',').length;
  expect(windows > 0, 'a window', windows);
  expect(loss.length === windows, `${windows} losses`, loss.length);
  expect(alignment.length === columns, `${columns} alignments`, alignment.length);
  expect(lossTunedHead.length === columns, `${columns} losses under the tuned head`, lossTunedHead.length);
  expect(lengths.length === windows && sum(lengths) === ids.length, `${sum(lengths)} ids`, ids.length);
  const isCount = (n: number, w: number) => n > 0 && n < lengths[w]!;
  expect(tokens.length === windows && tokens.every(isCount), `${windows} counts of tokens`, tokens.length);
  const aligned = sum(tokens) * (columns / windows);
  expect(tokenAlignment.length === aligned, `${aligned} alignments of tokens`, tokenAlignment.length);
  expect(lossTuned.length === 0 || lossTuned.length === windows, `${windows} tuned losses, or none`, lossTuned.length);
  expect(labels.length === 0 || labels.length === windows, `${windows} labels, or none`, labels.length);
  expect(sketch.length % windows === 0, `a sketch for each of ${windows} windows`, sketch.length);
  return gradients;
}

/** @param width numbers of a sketch; 0 where none is needed. @throws RangeError where it cannot be ranked, or picked from */
export function soundScore(score: Score, width: number): Score {
  for (const name of ['ranking', 'alignment', 'gradientNorm'] as const) {
    expect(Number.isFinite(score[name]), `a finite ${name}`, score[name]);
  }
  expect(score.gradientNorm > 0, '|G| above 0', score.gradientNorm);
  expect(width === 0 || score.sketch.length === width, `a sketch of ${width} numbers`, score.sketch.length);
  return score;
}

/** 8.64e12 s: the last moment that a date can say. */
const END_OF_TIME = 8.64e12;

/** @throws RangeError where its time is none; SyntaxError where the documents of a digest are no JSON */
export function soundAlert(alert: Alert): Alert {
  expect(Math.abs(alert.at) <= END_OF_TIME, 'seconds since 1970', alert.at);
  for (const line of alert.digest.split('\n')) if (line !== '') JSON.parse(line);
  return alert;
}

function expect(holds: boolean, what: string, got: number): void {
  if (!holds) throw new RangeError(`expected ${what}, got ${got}`);
}

const sum = (numbers: Int32Array) => numbers.reduce((total, n) => total + n, 0);
