/** The activation functions that transformers knows by name and these architectures use. */
import type { Graph } from './onnx.ts';

export type Activation = (g: Graph, x: string) => string;

/** x Φ(x) = x/2 · (1 + erf(x/√2)), in the form that ONNX Runtime fuses to one pass. */
const gelu: Activation = (g, x) => {
  const erf = g.node('Erf', [g.node('Div', [x, g.floats([Math.SQRT2], [])])]);
  return g.node('Mul', [g.node('Mul', [x, g.node('Add', [erf, g.floats([1], [])])]), g.floats([0.5], [])]);
};

/** x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), in the form that ONNX Runtime fuses to one pass. */
const geluTanh: Activation = (g, x) => {
  const scaled = (value: string, factor: number) => g.node('Mul', [value, g.floats([factor], [])]);
  const plusOne = (value: string) => g.node('Add', [value, g.floats([1], [])]);
  const curve = plusOne(g.node('Mul', [scaled(x, 0.044715), x]));
  const inner = g.node('Mul', [scaled(x, Math.sqrt(2 / Math.PI)), curve]);
  return g.node('Mul', [scaled(x, 0.5), plusOne(g.node('Tanh', [inner]))]);
};

/** x · sigmoid(a x) */
const gated =
  (a: number): Activation =>
  (g, x) =>
    g.node('Mul', [x, g.node('Sigmoid', [a === 1 ? x : g.node('Mul', [x, g.floats([a], [])])])]);

/** Names that differ only in how transformers computes the same function stand side by side. */
export const ACTIVATIONS = {
  gelu,
  gelu_python: gelu,
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_python_tanh: geluTanh,
  quick_gelu: gated(1.702),
  relu: (g, x) => g.node('Relu', [x]),
  silu: gated(1),
  swish: gated(1),
} as const satisfies Readonly<Record<string, Activation>>;

export type ActivationName = keyof typeof ACTIVATIONS;
export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as readonly ActivationName[];
