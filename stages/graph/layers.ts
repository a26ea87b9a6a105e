/** The layers a body is made of, by the names of their tensors. Activations are rows: [N,d] with N = B·T. */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import { float, type Graph } from './onnx.ts';
import { tensorOf } from './tensors.ts';

export interface Layers {
  /** Rows of an embedding for ids [B,T]: [B,T,d]. */
  embedding(ids: string, name: string): string;
  /** x Wᵀ + b for a torch Linear: W [out,in], with b where the checkpoint has one. */
  linear(x: string, name: string): string;
  /** x W + b for GPT-2's Conv1D: W [in,out]. */
  conv1d(x: string, name: string): string;
  /** (x − mean) / √(var + ε) · w + b over the last axis. */
  layerNorm(x: string, name: string): string;
  /** x / √(mean(x²) + ε) · w over the last axis. */
  rmsNorm(x: string, name: string): string;
}

/**
 * @param weights the tensors that `Body.tensors` names
 * @param epsilon ε of the norms
 */
export function layersOf(g: Graph, weights: ReadonlyMap<string, LocalTensor>, epsilon: number): Layers {
  const weight = (name: string) => tensorOf(weights, `${name}.weight`);
  const bias = (name: string) => tensorOf(weights, `${name}.bias`);

  return {
    embedding: (ids, name) => g.gather(weight(name), ids),

    linear: (x, name) =>
      g.product(x, { tensor: weight(name), transposed: true }, weights.has(`${name}.bias`) ? bias(name) : undefined),

    conv1d: (x, name) => g.product(x, { tensor: weight(name), transposed: false }, bias(name)),

    layerNorm(x, name) {
      const inputs = [x, g.weight(weight(name)), g.weight(bias(name))];
      return g.node('LayerNormalization', inputs, { axis: -1, epsilon: float(epsilon) });
    },

    // in the form that ONNX Runtime fuses to one pass
    rmsNorm(x, name) {
      const mean = g.node('ReduceMean', [g.node('Pow', [x, g.floats([2], [])])], { axes: [-1], keepdims: 1 });
      const root = g.node('Sqrt', [g.node('Add', [mean, g.floats([epsilon], [])])]);
      return g.node('Mul', [g.node('Div', [x, root]), g.weight(weight(name))]);
    },
  };
}
