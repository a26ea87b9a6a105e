/** Products between the gradients of a pool: exact where the gradients fit into memory, else by wide sketches. */
import type { GradientMatrices } from '../graph/matrix.ts';
import { products } from '../graph/products.ts';
import { countSketch } from '../math/count-sketch.ts';
import type { Columns } from '../math/greedy.ts';
import { shrunkColumns } from '../math/shrinkage.ts';
import type { Candidate } from './candidate.ts';

export interface Gram {
  readonly columns: Columns;
  readonly exact: boolean;
  close(): Promise<void>;
}

export interface GramOptions {
  /** V · d, the entries of a gradient. */
  readonly entries: number;
  /** Bytes that the gradients of the pool may take. */
  readonly memory: number;
  readonly threads: number;
}

/** 65,536 numbers: a noise of .004 on a cosine. */
const BITS = 16;
const SEED = 0;

/** One run of the model for each candidate. */
export async function gramOf(
  pool: readonly Candidate[],
  matrices: GradientMatrices,
  { entries, memory, threads }: GramOptions,
  signal: AbortSignal,
): Promise<Gram> {
  const exact = pool.length * entries * Float32Array.BYTES_PER_ELEMENT <= memory;
  const width = exact ? entries : 2 ** BITS;
  const reduce = exact ? undefined : countSketch(SEED, BITS, entries);
  const rows = new Float32Array(pool.length * width);
  for (const [i, candidate] of pool.entries()) {
    signal.throwIfAborted();
    const gradient = await matrices.of(candidate);
    rows.set(reduce === undefined ? gradient : reduce(gradient), i * width);
  }
  const { columns, close } = await products(rows, width, threads);
  const norms = Float64Array.from(pool, ({ gradientNorm }) => gradientNorm);
  return { columns: exact ? columns : await shrunkColumns(columns, norms), exact, close };
}
