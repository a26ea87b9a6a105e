/**
 * Trains the rows of a head on hidden states that do not change: what a picked set teaches, at the price of a logistic regression.
 * Adam (Kingma and Ba, ICLR 2015) on the mean cross-entropy of minibatches, without weight decay.
 */
import { random } from './math/random.ts';

export interface Examples {
  /** [n,d] row-major */
  readonly hidden: Float32Array;
  /** [n] row of the head that is right */
  readonly labels: ArrayLike<number>;
}

export interface RetrainOptions {
  /** Order of the examples, from which the result follows. */
  readonly seed: number;
  readonly epochs: number;
  readonly batch: number;
  readonly rate: number;
}

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/**
 * @param head [C,d], left alone
 * @returns the trained rows [C,d]
 */
export function retrain(head: Float32Array, examples: Examples, options: RetrainOptions): Float32Array {
  const { hidden, labels } = examples;
  const { seed, epochs, batch, rate } = options;
  const n = labels.length;
  if (n === 0) throw new RangeError('retrain: expected examples, got none');
  const width = hidden.length / n;
  const weights = Float64Array.from(head);
  const gradient = new Float64Array(weights.length);
  const first = new Float64Array(weights.length); // moments
  const second = new Float64Array(weights.length);
  const draw = random(seed);
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = draw.permutation(epoch, n);
    for (let from = 0; from < n; from += batch) {
      const members = order.subarray(from, from + batch);
      gradient.fill(0);
      for (const i of members) addGradient(i, 1 / members.length);
      step++;
      for (let at = 0; at < weights.length; at++) {
        first[at] = BETA1 * first[at]! + (1 - BETA1) * gradient[at]!;
        second[at] = BETA2 * second[at]! + (1 - BETA2) * gradient[at]! ** 2;
        const [mean, square] = [first[at]! / (1 - BETA1 ** step), second[at]! / (1 - BETA2 ** step)];
        weights[at]! -= (rate * mean) / (Math.sqrt(square) + EPSILON);
      }
    }
  }
  return Float32Array.from(weights);

  /** m (p − y) hᵀ */
  function addGradient(i: number, weight: number): void {
    const h = hidden.subarray(i * width, (i + 1) * width);
    const p = probabilities(weights, h);
    for (const [row, share] of p.entries()) {
      const error = weight * (share - (row === labels[i] ? 1 : 0));
      for (let j = 0; j < width; j++) gradient[row * width + j]! += error * h[j]!;
    }
  }
}

/** Softmax of W h over the rows [C]. */
export function probabilities(weights: ArrayLike<number>, hidden: Float32Array): Float64Array {
  const width = hidden.length;
  const logits = Float64Array.from({ length: weights.length / width }, (_, row) => {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += weights[row * width + j]! * hidden[j]!;
    return sum;
  });
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** Share of the examples whose likeliest row is the right one, and their mean loss in nats. */
export function performance(weights: ArrayLike<number>, { hidden, labels }: Examples) {
  const n = labels.length;
  const width = hidden.length / n;
  let right = 0;
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const p = probabilities(weights, hidden.subarray(i * width, (i + 1) * width));
    if (p.every((share, row) => row === labels[i] || share < p[labels[i]!]!)) right++;
    loss -= Math.log(p[labels[i]!]!) / n;
  }
  return { accuracy: right / n, loss };
}
