/**
 * Random numbers as a function of (seed, stream, index): no state, any of them at random access, the same bits on every machine
 * and for ever (test/math/random.test.ts holds golden vectors). Philox4x32-10 of Salmon et al., "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011, in 32-bit integer arithmetic.
 */
export interface Random {
  /** [n] uniform 32-bit words: those at `from`, `from + 1`, ... of the stream. */
  words(stream: number, from: number, n: number): Uint32Array;
  /** [n] fair signs, +1 or -1: those at 0..n-1 of the stream. */
  signs(stream: number, n: number): Int8Array;
  /** A uniform permutation of 0..n-1. */
  permutation(stream: number, n: number): Uint32Array;
}

/** @param seed any integer in [0, 2^53) */
export function random(seed: number): Random {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`seed: expected an integer in [0, 2^53), got ${seed}`);
  const key = Uint32Array.of(seed, seed / 2 ** 32);

  function words(stream: number, from: number, n: number): Uint32Array {
    const first = Math.floor(from / 4);
    const blocks = Math.ceil((from + n) / 4) - first;
    const out = new Uint32Array(4 * blocks);
    for (let i = 0; i < blocks; i++) {
      const block = out.subarray(4 * i, 4 * i + 4);
      block[0] = first + i;
      block[1] = (first + i) / 2 ** 32;
      block[2] = stream;
      philox(block, key);
    }
    return out.subarray(from - 4 * first, from - 4 * first + n);
  }

  return {
    words,

    signs(stream, n) {
      const bits = words(stream, 0, Math.ceil(n / 32));
      return new Int8Array(n).map((_, i) => 1 - 2 * ((bits[i >>> 5]! >>> (i & 31)) & 1));
    },

    permutation(stream, n) {
      const draws = words(stream, 0, n);
      const order = new Uint32Array(n).map((_, i) => i);
      // Fisher and Yates; the high half of draw × (i + 1) lies in 0..i
      for (let i = n - 1; i > 0; i--) {
        const j = high(draws[i]!, i + 1);
        const moved = order[i]!;
        order[i] = order[j]!;
        order[j] = moved;
      }
      return order;
    },
  };
}

/** Ten rounds over a counter of four words, in place, with a key of two. */
export function philox(counter: Uint32Array, key: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = counter;
  let [k = 0, l = 0] = key;
  for (let round = 0; round < 10; round++) {
    const highA = high(0xd2511f53, a);
    const highC = high(0xcd9e8d57, c);
    const lowA = Math.imul(0xd2511f53, a);
    const lowC = Math.imul(0xcd9e8d57, c);
    a = highC ^ b ^ k;
    b = lowC;
    c = highA ^ d ^ l;
    d = lowA;
    k = (k + 0x9e3779b9) | 0;
    l = (l + 0xbb67ae85) | 0;
  }
  counter[0] = a;
  counter[1] = b;
  counter[2] = c;
  counter[3] = d;
}

/** The high word of the 64-bit product of two words. */
function high(x: number, y: number): number {
  const x0 = x & 0xffff;
  const x1 = x >>> 16;
  const y0 = y & 0xffff;
  const y1 = y >>> 16;
  const low = Math.imul(x0, y0) >>> 16;
  const left = (Math.imul(x1, y0) >>> 0) + low; // < 2^32: (2^16 - 1)^2 + 2^16 - 1
  const right = (Math.imul(x0, y1) >>> 0) + (left & 0xffff);
  return ((Math.imul(x1, y1) >>> 0) + (left >>> 16) + (right >>> 16)) >>> 0;
}
