/** Derivatives of the activation functions, by the same names. */
import type { Activation, ActivationName } from './activation.ts';
import type { Graph } from './onnx.ts';

/** Φ(x) + x φ(x), φ and Φ the density and the distribution of a standard normal */
const gelu: Activation = (g, x) => {
  const erf = g.node('Erf', [scaled(g, x, Math.SQRT1_2)]);
  const distribution = scaled(g, plus(g, erf, 1), 0.5);
  const density = g.node('Exp', [scaled(g, g.node('Mul', [x, x]), -0.5)]);
  return g.node('Add', [distribution, scaled(g, g.node('Mul', [x, density]), 1 / Math.sqrt(2 * Math.PI))]);
};

/** (1 + t)/2 + x/2 · (1 − t²) · √(2/π) (1 + 3 · 0.044715 x²), t = tanh(√(2/π) (x + 0.044715 x³)) */
const geluTanh: Activation = (g, x) => {
  const rate = Math.sqrt(2 / Math.PI);
  const square = g.node('Mul', [x, x]);
  const inner = g.node('Mul', [scaled(g, x, rate), plus(g, scaled(g, square, 0.044715), 1)]);
  const t = g.node('Tanh', [inner]);
  const slope = scaled(g, plus(g, scaled(g, square, 3 * 0.044715), 1), rate / 2);
  const falling = g.node('Sub', [g.floats([1], []), g.node('Mul', [t, t])]);
  return g.node('Add', [scaled(g, plus(g, t, 1), 0.5), g.node('Mul', [g.node('Mul', [x, slope]), falling])]);
};

/** s (1 + a x (1 − s)), s = sigmoid(a x) */
const gated =
  (a: number): Activation =>
  (g, x) => {
    const ax = scaled(g, x, a);
    const s = g.node('Sigmoid', [ax]);
    const rest = g.node('Mul', [ax, g.node('Sub', [g.floats([1], []), s])]);
    return g.node('Mul', [s, plus(g, rest, 1)]);
  };

/** 1 above 0, 0 elsewhere */
const relu: Activation = (g, x) => g.node('Cast', [g.node('Greater', [x, g.floats([0], [])])], { to: 1 });

export const DERIVATIVES: Readonly<Record<ActivationName, Activation>> = {
  gelu,
  gelu_python: gelu,
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_python_tanh: geluTanh,
  quick_gelu: gated(1.702),
  relu,
  silu: gated(1),
  swish: gated(1),
};

function scaled(g: Graph, x: string, factor: number): string {
  return g.node('Mul', [x, g.floats([factor], [])]);
}

function plus(g: Graph, x: string, summand: number): string {
  return g.node('Add', [x, g.floats([summand], [])]);
}
