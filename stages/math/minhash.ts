/**
 * Signatures of sets: the share of equal numbers of two signatures of n estimates the Jaccard index of the sets (Broder, "On the
 * resemblance and containment of documents", 1997), with a standard error of at most 1/(2√n).
 */
import { random } from './random.ts';

const SEED = 20_251_125;

/** [size] The least number of a set under each of so many random orders; `shingles` are drawn evenly in their last 32 bits. */
export function signatureOf(shingles: Iterable<number>, size: number): Int32Array {
  const { factors, terms } = ordersOf(size);
  const signature = new Int32Array(size).fill(2 ** 31 - 1);
  for (const shingle of shingles) {
    const x = (shingle % 2 ** 32) | 0;
    for (let i = 0; i < size; i++) {
      const value = (Math.imul(x, factors[i]!) + terms[i]!) | 0;
      if (value < signature[i]!) signature[i] = value;
    }
  }
  return signature;
}

/** The estimate of the Jaccard index. */
export function resemblance(a: Int32Array, b: Int32Array): number {
  let equal = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++;
  return equal / a.length;
}

interface Orders {
  readonly factors: Uint32Array;
  readonly terms: Uint32Array;
}

const known = new Map<number, Orders>();

/** Orders x -> a x + b mod 2³², a odd; those of a smaller size are the first of a larger one. */
function ordersOf(size: number): Orders {
  const made = known.get(size) ?? {
    factors: random(SEED)
      .words(0, 0, size)
      .map((word) => word | 1),
    terms: random(SEED).words(1, 0, size),
  };
  known.set(size, made);
  return made;
}
