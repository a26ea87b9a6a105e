/**
 * Trains a head, or some rows of it, on hidden states that do not change: what a picked set teaches, at the price of a logistic
 * regression. Adam (Kingma and Ba, ICLR 2015) on minibatches of documents, without weight decay.
 */
import type { HeadTrainer, Positions } from './graph/head-trainer.ts';
import { random } from './math/random.ts';

export interface RetrainOptions {
  /** Order of the documents, from which the result follows. */
  readonly seed: number;
  readonly epochs: number;
  /** Documents to a step. */
  readonly batch: number;
  readonly rate: number;
}

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/**
 * A step follows the mean over its documents of each one's mean loss.
 *
 * @param head [R,d], left alone
 * @returns the trained head [R,d]
 * @throws RangeError where there are no documents, or one has no positions
 */
export async function retrain(
  head: Float32Array,
  documents: readonly Positions[],
  options: RetrainOptions,
  trainer: HeadTrainer,
  signal: AbortSignal,
): Promise<Float32Array> {
  const { seed, epochs, batch, rate } = options;
  if (documents.length === 0) throw new RangeError('retrain: expected documents, got none');
  if (documents.some(({ targets }) => targets.length === 0))
    throw new RangeError('retrain: a document has no positions');
  const weights = head.slice();
  const first = new Float32Array(head.length); // moments
  const second = new Float32Array(head.length);
  const draw = random(seed);
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = draw.permutation(epoch, documents.length);
    for (let from = 0; from < order.length; from += batch) {
      signal.throwIfAborted();
      const members = Array.from(order.subarray(from, from + batch), (i) => documents[i]!);
      const gradient = await trainer.gradient(weights, joined(members), weightsOf(members));
      step++;
      const scale = rate / (1 - BETA1 ** step);
      const correction = 1 / (1 - BETA2 ** step);
      for (let at = 0; at < weights.length; at++) {
        first[at] = BETA1 * first[at]! + (1 - BETA1) * gradient[at]!;
        second[at] = BETA2 * second[at]! + (1 - BETA2) * gradient[at]! ** 2;
        weights[at]! -= (scale * first[at]!) / (Math.sqrt(correction * second[at]!) + EPSILON);
      }
    }
  }
  return weights;
}

export interface Performance {
  /** Mean over the documents of each one's mean loss, nats. */
  readonly loss: number;
  /** The same of the share of positions whose likeliest row is the right one. */
  readonly accuracy: number;
}

export async function performance(
  head: Float32Array,
  documents: readonly Positions[],
  trainer: HeadTrainer,
): Promise<Performance> {
  const positions = joined(documents);
  const weights = weightsOf(documents);
  const { loss, likeliest } = await trainer.losses(head, positions);
  const sums = { loss: 0, accuracy: 0 };
  for (const [i, weight] of weights.entries()) {
    sums.loss += weight * loss[i]!;
    if (likeliest[i] === positions.targets[i]) sums.accuracy += weight;
  }
  return sums;
}

/** All positions, one document after the other. */
export function joined(documents: readonly Positions[]): Positions {
  const hidden = new Float32Array(documents.reduce((sum, one) => sum + one.hidden.length, 0));
  const targets = new Int32Array(documents.reduce((sum, one) => sum + one.targets.length, 0));
  let at = { hidden: 0, targets: 0 };
  for (const one of documents) {
    hidden.set(one.hidden, at.hidden);
    targets.set(one.targets, at.targets);
    at = { hidden: at.hidden + one.hidden.length, targets: at.targets + one.targets.length };
  }
  return { hidden, targets };
}

/** Documents weigh the same, and so do the positions of one. */
function weightsOf(documents: readonly Positions[]): Float32Array {
  return Float32Array.from(
    documents.flatMap(({ targets }) => Array<number>(targets.length).fill(1 / (documents.length * targets.length))),
  );
}
