/** What sketches cost: their noise, and what greedy picks by them, by width and kind, against exact products of the same documents. */

import type { GradientMatrices } from '../../stages/graph/matrix.ts';
import { products } from '../../stages/graph/products.ts';
import { countSketch } from '../../stages/math/count-sketch.ts';
import { type Columns, greedy } from '../../stages/math/greedy.ts';
import { random } from '../../stages/math/random.ts';
import { shrunkColumns } from '../../stages/math/shrinkage.ts';
import { sketch } from '../../stages/math/sketch.ts';
import type { KnownDocument, KnownPool } from './known-pool.ts';
import type { Cell, StudyResult } from './result.ts';

export interface WidthOptions {
  readonly n: number;
  /** Documents drawn, whose gradients are all in memory. */
  readonly documents: number;
  /** Powers of 2, at most 65,536. */
  readonly widths: readonly number[];
  readonly seed: number;
  readonly threads: number;
  /** [V,d] of the head. */
  readonly shape: readonly [number, number];
}

type Reduce = (gradient: Float32Array) => Float32Array;

/** @param matrices of the base */
export async function widthStudy(
  pool: KnownPool,
  matrices: GradientMatrices,
  options: WidthOptions,
  signal: AbortSignal,
): Promise<StudyResult> {
  const { n, seed, threads, widths } = options;
  const [vocabulary, hidden] = options.shape;
  const entries = vocabulary * hidden;
  const order = random(seed).permutation(0, pool.documents.length);
  const documents = Array.from(order.subarray(0, options.documents), (i) => pool.documents[i]!);
  const rows = new Float32Array(documents.length * entries);
  for (const [i, document] of documents.entries()) {
    signal.throwIfAborted();
    rows.set(await matrices.of(document), i * entries);
  }
  const norms = Float64Array.from(documents, ({ gradientNorm }) => gradientNorm);
  const gram = await gramOf(rows, entries);
  const exactly: Columns = async (indices) => indices.map((j) => gram[j]!);
  const best = await reached(exactly);

  const table: Cell[][] = [['exact', undefined, undefined, best, 1]];
  for (const width of widths) {
    const kinds: Readonly<Record<string, Reduce>> = {
      bucket: bucketSketch(width),
      count: countSketch(seed, Math.log2(width), entries),
    };
    for (const [kind, reduce] of Object.entries(kinds)) {
      signal.throwIfAborted();
      const sketched = new Float32Array(documents.length * width);
      for (const i of documents.keys()) sketched.set(reduce(rows.subarray(i * entries, (i + 1) * entries)), i * width);
      const own = await gramOf(sketched, width);
      const cosine = await reached(await shrunkColumns(async (indices) => indices.map((j) => own[j]!), norms));
      table.push([kind, width, noiseOf(own), cosine, cosine / best]);
    }
  }
  return {
    study: 'width',
    columns: [
      { name: 'sketch' },
      { name: 'width' },
      { name: 'noise of a cosine', digits: 4 },
      { name: 'cos(S, D) reached', digits: 4 },
      { name: 'of the exact', digits: 3 },
    ],
    rows: table,
    notes: [
      `${n} of ${documents.length} documents by greedy; cos(S, D) exact whatever it was picked by; noise as root mean square`,
    ],
  };

  async function gramOf(matrix: Float32Array, width: number): Promise<readonly Float32Array[]> {
    const { columns, close } = await products(matrix, width, threads);
    try {
      return await columns([...documents.keys()]);
    } finally {
      await close();
    }
  }

  /** Exact cos(S, D) of what greedy picks by these columns. */
  async function reached(columns: Columns): Promise<number> {
    const alignments = Float64Array.from(documents, ({ alignment }: KnownDocument) => alignment);
    const { indices } = await greedy({ alignments, norms, deltaNorm: pool.delta.norm }, n, columns, signal);
    const along = indices.reduce((sum, i) => sum + alignments[i]!, 0);
    const squared = indices.reduce((sum, i) => sum + indices.reduce((row, j) => row + gram[i]![j]!, 0), 0);
    return along / (Math.sqrt(squared) * pool.delta.norm);
  }

  function noiseOf(own: readonly Float32Array[]): number {
    let [sum, pairs] = [0, 0];
    for (const i of documents.keys()) {
      for (let j = 0; j < i; j++) {
        sum += ((own[i]![j]! - gram[i]![j]!) / (norms[i]! * norms[j]!)) ** 2;
        pairs++;
      }
    }
    return Math.sqrt(sum / pairs);
  }

  function bucketSketch(width: number): Reduce {
    const map = sketch({ kind: 'bucket', seed, width, vocabulary, hidden });
    return (gradient) => {
      const sums = map.accumulate();
      sums.add(0, gradient);
      return sums.finish();
    };
  }
}
