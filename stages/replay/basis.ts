/** What replay records of one base are written in, made from the base alone. */
import { createHash } from 'node:crypto';
import type { Basis } from '../../schemas/types.ts';
import type { Typical } from '../graph/typical.ts';
import { principalDirections } from '../math/principal.ts';

/** r: hidden states are anisotropic, and a few directions hold most of their length. */
const RANK = 40;
/** Coefficients beyond so many times the largest one seen in typical text are cut off. */
const HEADROOM = 1.25;
const LARGEST_STEP = 127;

/**
 * The first principal directions of hidden states of typical text, and the mean probability of each token there.
 *
 * @param typical of the base: hidden states [n,d], probabilities [V]
 */
export function basisOf({ hidden, probabilities }: Typical, width: number): Basis {
  const { rank, directions } = principalDirections(hidden, width, RANK);
  const steps = new Float32Array(rank);
  for (let at = 0; at < hidden.length; at += width) {
    for (let r = 0; r < rank; r++) {
      let coefficient = 0;
      for (let k = 0; k < width; k++) coefficient += hidden[at + k]! * directions[k * rank + r]!;
      steps[r] = Math.max(steps[r]!, (Math.abs(coefficient) * HEADROOM) / LARGEST_STEP);
    }
  }
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of [directions, steps, probabilities]) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return { id: hash.digest('hex'), rank, directions, steps, typical: probabilities };
}
