/**
 * Products in int8 with float32 results: weights to 8 bits with a scale for each output, activations to 8 bits with a scale for
 * each row, so that what a token comes out as depends on no other token, and a document's score on no batch.
 *
 *     x ≈ s q, s = max|x| / 127 of the row        M ≈ Q diag(r), r = max|M| / 127 of the column        x M ≈ s (q Q) diag(r)
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { ConfigError } from '../../pipeline/error.ts';
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import { toFloat32 } from '../checkpoint/dtype.ts';
import type { Graph, Matrix } from './onnx.ts';

export const PRECISIONS = ['float32', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Where 0 lies in the activations: kernels are made for unsigned times signed. */
const ZERO = 128;
/** Keeps rows of zeros from being divided by their largest element. */
const LEAST_SCALE = 1e-30;
/** What a protobuf message may hold; int8 weights lie in the model itself. */
const MAX_BYTES = 2 ** 31 - 2 ** 24;

/** The same graph, with every product of a checkpoint's matrix in int8. */
export function quantized(g: Graph): Graph {
  const known = new Map<string, { readonly values: string; readonly scales: string }>();
  const zero = () => g.constant('uint8', [], Uint8Array.of(ZERO));
  let bytes = 0;

  /** Rows x [N,in] as uint8, and the scale of each [N,1]. */
  function rowsOf(x: string) {
    const found = known.get(x);
    if (found !== undefined) return found;
    const largest = g.node('ReduceMax', [g.node('Abs', [x])], { axes: [-1], keepdims: 0 });
    const scale = g.node('Max', [g.node('Mul', [largest, g.floats([1 / 127], [])]), g.floats([LEAST_SCALE], [])]); // [N]
    const zeros = g.node('Expand', [zero(), g.node('Shape', [scale])]);
    const values = g.node('QuantizeLinear', [x, scale, zeros], { axis: 0 });
    const made = { values, scales: g.node('Unsqueeze', [scale, g.ints([1])]) };
    known.set(x, made);
    return made;
  }

  return {
    ...g,

    product(x, matrix, bias) {
      const { inputs, outputs, values, scales } = quantize(matrix);
      bytes += values.length;
      if (bytes > MAX_BYTES) {
        throw new ConfigError(
          `precision int8: the model has more than ${MAX_BYTES} weights, which is all that it can hold; use fp32`,
        );
      }
      const rows = rowsOf(x);
      const product = g.node(
        'MatMulIntegerToFloat',
        [
          rows.values,
          g.constant('int8', [inputs, outputs], new Uint8Array(values.buffer)),
          g.floats([1], []),
          g.floats(scales, [outputs]),
          zero(),
        ],
        {},
        'com.microsoft',
      );
      const scaled = g.node('Mul', [product, rows.scales]);
      return bias === undefined ? scaled : g.node('Add', [scaled, g.weight(bias)]);
    },
  };
}

interface QuantizedMatrix {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs] */
  readonly values: Int8Array;
  /** [outputs] */
  readonly scales: Float32Array;
}

function quantize({ tensor, less, rows, transposed }: Matrix): QuantizedMatrix {
  const matrix = read(tensor, rows);
  if (less !== undefined) {
    const other = read(less, rows);
    for (let i = 0; i < matrix.length; i++) matrix[i]! -= other[i]!;
  }
  const width = tensor.shape[1]!;
  const [inputs, outputs] = transposed ? [width, matrix.length / width] : [matrix.length / width, width];
  const [inputStride, outputStride] = transposed ? [1, width] : [width, 1];

  const scales = new Float32Array(outputs);
  const values = new Int8Array(matrix.length);
  for (let out = 0; out < outputs; out++) {
    let largest = LEAST_SCALE;
    for (let i = 0; i < inputs; i++)
      largest = Math.max(largest, Math.abs(matrix[i * inputStride + out * outputStride]!));
    scales[out] = largest / 127;
    const per = 127 / largest;
    for (let i = 0; i < inputs; i++)
      values[i * outputs + out] = Math.round(matrix[i * inputStride + out * outputStride]! * per);
  }
  return { inputs, outputs, values, scales };
}

/** float32 values of rows [from, to) of a tensor, by default all. */
function read({ path, offset, bytes, shape, dtype }: LocalTensor, rows?: readonly [number, number]): Float32Array {
  const [count = 0] = shape;
  const stride = bytes / count;
  const [from, to] = rows ?? [0, count];
  const stored = new Uint8Array((to - from) * stride);
  const file = openSync(path, 'r');
  try {
    const got = readSync(file, stored, 0, stored.length, offset + from * stride);
    if (got !== stored.length) throw new RangeError(`${path}: ends ${stored.length - got} bytes early`);
  } finally {
    closeSync(file);
  }
  return toFloat32(stored, dtype);
}
