/** D = W0 − W1 of the heads, some rows at a time. */
import { CheckpointError } from '../checkpoint/error.ts';
import type { Tuning } from '../checkpoint/tuning.ts';

const BLOCK_ROWS = 1024;

/**
 * Rows of D in order, [n,d] a block; where they are left out D is 0.
 * @throws CheckpointError where the tuning is of other layers than the head
 */
export async function* deltaRows(
  { base, head, layers, tuned }: Tuning,
  signal: AbortSignal,
): AsyncGenerator<{ readonly from: number; readonly rows: Float64Array }> {
  if (head === undefined || layers !== 'head') {
    throw new CheckpointError(`${tuned}: replay is of the head's gradient alone, and this delta is of ${layers}`);
  }
  const [vocabulary = 0, width = 0] = base.head.shape;
  const shared = Math.min(head.shared, vocabulary);
  for (let from = 0; from < shared; from += BLOCK_ROWS) {
    const to = Math.min(from + BLOCK_ROWS, shared);
    if (head.kind === 'full') {
      const before = await base.read(base.head.name, [from, to], signal);
      const after = await head.tuned.read(head.tensor.name, [from, to], signal);
      yield { from, rows: Float64Array.from(before, (value, i) => value - after[i]!) };
    } else {
      yield { from, rows: product(head, from, to, width) };
    }
  }
}

/** Rows [from, to) of A Bᵀ for A [V,r] and B [d,r]. */
function product(
  { a, b, rank }: { readonly a: Float32Array; readonly b: Float32Array; readonly rank: number },
  from: number,
  to: number,
  width: number,
): Float64Array {
  const rows = new Float64Array((to - from) * width);
  for (let v = from; v < to; v++) {
    for (let k = 0; k < width; k++) {
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += a[v * rank + r]! * b[k * rank + r]!;
      rows[(v - from) * width + k] = sum;
    }
  }
  return rows;
}
