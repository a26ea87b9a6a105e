/** Gradients that are alike by topic, as rows of sketches, and a D that they explain in part. */
import { random } from '../stages/math/random.ts';

export interface Gradients {
  /** [count,width] */
  readonly rows: Float32Array;
  /** [width] */
  readonly delta: Float32Array;
}

/** Each gradient is of two topics and noise; D is of all topics, unequally, and of noise. */
export function madeUpGradients(count: number, width: number, kinds: number): Gradients {
  const draw = random(4);
  const uniform = (stream: number, n: number) =>
    Float32Array.from(draw.words(stream, 0, n), (word) => word / 2 ** 31 - 1);
  const topics = Array.from({ length: kinds }, (_, topic) => uniform(topic, width));
  const weights = uniform(kinds, 3 * count);
  const delta = uniform(kinds + 1, width).map((value) => 3 * value);
  for (const [topic, weight] of uniform(kinds + 2, kinds).entries()) {
    for (let j = 0; j < width; j++) delta[j]! += weight * topics[topic]![j]!;
  }
  const rows = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const noise = uniform(kinds + 3 + i, width);
    const [a, b] = [topics[i % kinds]!, topics[(7 * i) % kinds]!];
    for (let j = 0; j < width; j++)
      rows[i * width + j] = weights[2 * i]! * a[j]! + weights[2 * i + 1]! * b[j]! + noise[j]!;
  }
  return { rows, delta };
}
