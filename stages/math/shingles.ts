/** Stretches of a sequence, as a set: what two texts share of them tells how alike they are. */

/** Numbers of a shingle. */
const SIZE = 5;

/**
 * The shingles of a sequence of 32-bit numbers, each as a hash of 52 bits: of the shingles of a million texts, two different ones
 * hardly ever share one. A sequence shorter than a shingle is one shingle.
 */
export function shinglesOf(sequence: ArrayLike<number>): ReadonlySet<number> {
  const shingles = new Set<number>();
  const last = Math.max(0, sequence.length - SIZE);
  for (let from = 0; from <= last; from++) {
    let [high, low] = [0x9747b28c, 0x2f0b4a27];
    for (let i = from; i < Math.min(from + SIZE, sequence.length); i++) {
      const mixed = mix(sequence[i]!);
      low = mix(low ^ mixed);
      high = mix(high + Math.imul(mixed, 0x9e3779b1));
    }
    shingles.add((high >>> 12) * 2 ** 32 + (low >>> 0));
  }
  return shingles;
}

/** A bijection of 32 bits whose output looks random: the finalizer of MurmurHash3 (A. Appleby, public domain). */
export function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** |A ∩ B| / |A ∪ B|; of two empty sets 1. */
export function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  let both = 0;
  for (const one of a) if (b.has(one)) both++;
  const either = a.size + b.size - both;
  return either === 0 ? 1 : both / either;
}
