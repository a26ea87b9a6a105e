/** Finds where rows of a tuned head come from, should its vocabulary have been reordered. */

import { dot, norm } from '../math/vector.ts';
import type { Checkpoint } from './checkpoint.ts';

export interface MovedRow {
  /** Row of the tuned head. */
  readonly row: number;
  /** The base's row that it holds. */
  readonly from: number;
}

const ROWS_AT_ONCE = 1024;
/** cos(W0[u], W1[v]) from which row v holds the base's row u. */
const SAME = 0.95;

/** Those of `rows` of the tuned head that are close to one of the base's rows, but not to their own. */
export async function movedRows(
  base: Checkpoint,
  tuned: Checkpoint,
  rows: readonly number[],
  signal: AbortSignal,
): Promise<readonly MovedRow[]> {
  if (rows.length === 0) return [];
  const [count = 0, width = 0] = base.head.shape;
  const wanted = await Promise.all(
    rows.map(async (row) => ({ row, values: await tuned.read(tuned.head.name, [row, row + 1], signal) })),
  );
  const best = wanted.map(() => ({ from: -1, cosine: SAME }));
  for (let start = 0; start < count; start += ROWS_AT_ONCE) {
    const end = Math.min(start + ROWS_AT_ONCE, count);
    const block = await base.read(base.head.name, [start, end], signal);
    for (let u = 0; u < end - start; u++) {
      const values = block.subarray(u * width, (u + 1) * width);
      const length = norm(values);
      for (const [i, { values: other }] of wanted.entries()) {
        const cosine = dot(values, other) / (length * norm(other));
        if (cosine > best[i]!.cosine) best[i] = { from: start + u, cosine };
      }
    }
  }
  return rows.flatMap((row, i) =>
    best[i]!.from === -1 || best[i]!.from === row ? [] : [{ row, from: best[i]!.from }],
  );
}
