/** The small layers every body is made of. Activations are rows: [N,d] with N = B·T. */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import { float, type Graph } from './onnx.ts';

/** x Wᵀ + b for a torch Linear: W [out,in]. */
export function linear(g: Graph, x: string, weight: LocalTensor, bias?: LocalTensor): string {
  return g.product(x, { tensor: weight, transposed: true }, bias);
}

/** x W + b for GPT-2's Conv1D: W [in,out]. */
export function conv1d(g: Graph, x: string, weight: LocalTensor, bias: LocalTensor): string {
  return g.product(x, { tensor: weight, transposed: false }, bias);
}

/** (x − mean) / √(var + ε) · w + b over the last axis. */
export function layerNorm(g: Graph, x: string, weight: LocalTensor, bias: LocalTensor, epsilon: number): string {
  return g.node('LayerNormalization', [x, g.weight(weight), g.weight(bias)], { axis: -1, epsilon: float(epsilon) });
}

/** x / √(mean(x²) + ε) · w over the last axis, in the form that ONNX Runtime fuses to one pass. */
export function rmsNorm(g: Graph, x: string, weight: LocalTensor, epsilon: number): string {
  const square = g.node('Pow', [x, g.floats([2], [])]);
  const mean = g.node('ReduceMean', [square], { axes: [-1], keepdims: 1 });
  const root = g.node('Sqrt', [g.node('Add', [mean, g.floats([epsilon], [])])]);
  return g.node('Mul', [g.node('Div', [x, root]), g.weight(weight)]);
}
