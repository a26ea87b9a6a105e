/** Columns of a Gram matrix, X Xᵀ of rows X [M,k], a block at a time: the whole of it may not fit. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Columns } from '../math/greedy.ts';
import { graph } from './onnx.ts';

export interface Products {
  readonly columns: Columns;
  close(): Promise<void>;
}

/** Runs on the calling thread, over the rows where they lie. */
export async function products(rows: Float32Array, width: number, threads: number): Promise<Products> {
  const size = rows.length / width;
  if (!Number.isInteger(size)) throw new RangeError(`products: ${rows.length} values are no rows of ${width}`);
  const g = graph('products');
  const [all, some] = [g.input('all', 'float32', ['M', width]), g.input('some', 'float32', ['b', width])];
  g.output(g.node('Gemm', [some, all], { transB: 1 }), 'columns', 'float32', ['b', 'M']);
  const session = await InferenceSession.create(g.finish(), { intraOpNumThreads: threads, interOpNumThreads: 1 });
  const allRows = new Tensor('float32', rows, [size, width]);

  return {
    async columns(indices) {
      const some = new Float32Array(indices.length * width);
      for (const [c, i] of indices.entries()) some.set(rows.subarray(i * width, (i + 1) * width), c * width);
      const { columns } = await session.run({
        all: allRows,
        some: new Tensor('float32', some, [indices.length, width]),
      });
      const data = columns!.data as Float32Array;
      return indices.map((_, c) => data.slice(c * size, (c + 1) * size));
    },

    close: () => session.release(),
  };
}
