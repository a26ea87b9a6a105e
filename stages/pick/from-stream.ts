/** A set picked from documents that come one by one, as a scan and a `select` after it do, with their sketches alone. */
import type { Score } from '../../schemas/types.ts';
import { candidatePool } from '../candidate-pool.ts';
import { products } from '../graph/products.ts';
import { greedy } from '../math/greedy.ts';
import { greedyBatched } from '../math/greedy-batched.ts';
import { shrunkColumns } from '../math/shrinkage.ts';
import { classesOf } from './balanced.ts';

export type Streamed = Pick<Score, 'key' | 'label' | 'alignment' | 'gradientNorm' | 'sketch'>;

export interface StreamOptions {
  readonly n: number;
  /** Candidates kept, as a multiple of n; Infinity keeps all of them. */
  readonly poolToSet: number;
  /** |D| */
  readonly deltaNorm: number;
  /** Documents that one step takes: 1 is greedy with its exchanges, more is greedy_batched. */
  readonly batch: number;
  /** Equal shares of every label. */
  readonly perClass?: boolean;
  readonly threads: number;
}

/** @throws RangeError where there are fewer than n */
export async function pickedFromStream<D extends Streamed>(
  stream: readonly D[],
  { n, poolToSet, deltaNorm, batch, perClass = false, threads }: StreamOptions,
  signal: AbortSignal,
): Promise<readonly D[]> {
  const candidates = poolToSet === Infinity ? stream : admitted(stream, n * poolToSet, deltaNorm);
  const width = candidates[0]?.sketch.length ?? 0;
  const rows = new Float32Array(candidates.length * width);
  for (const [i, { sketch }] of candidates.entries()) rows.set(sketch, i * width);
  const { columns, close } = await products(rows, width, threads);
  try {
    const norms = Float64Array.from(candidates, ({ gradientNorm }) => gradientNorm);
    const pool = {
      alignments: Float64Array.from(candidates, ({ alignment }) => alignment),
      norms,
      deltaNorm,
      classes: perClass ? classesOf(candidates, n) : undefined,
    };
    const shrunk = await shrunkColumns(columns, norms);
    const indices =
      batch === 1
        ? (await greedy(pool, n, shrunk, signal)).indices
        : await greedyBatched(pool, n, batch, shrunk, signal);
    return indices.map((i) => candidates[i]!);
  } finally {
    await close();
  }
}

/** What the pool holds in the end. */
export function admitted<D extends Streamed>(stream: readonly D[], size: number, deltaNorm: number): readonly D[] {
  const width = stream[0]?.sketch.length ?? 0;
  const pool = candidatePool({ size, width, deltaNorm }, { members: [], running: undefined, set: undefined });
  const held = new Map<string, D>();
  for (const document of stream) {
    const taken = pool.offer(document);
    if (taken === undefined) continue;
    held.set(document.key, document);
    if (taken.evicted !== undefined) held.delete(taken.evicted);
  }
  return [...held.values()];
}
