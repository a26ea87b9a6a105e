/** The tiny model in float64, and the gradient of its head written out whole: slow, plain, what the session is held against. */
import { TINY, type TinyModel } from './tiny-model.ts';

type Vector = readonly number[];
type Matrix = readonly Vector[];

export interface Truth {
  /** Mean token loss, nats. */
  readonly loss: number;
  /** The same with the tuned head on the base's body. */
  readonly lossTunedHead: number;
  /** |G| */
  readonly gradientNorm: number;
  /** ⟨G, D⟩ */
  readonly alignment: number;
  /** |D| */
  readonly deltaNorm: number;
}

/** @param ids [T]; every position but the first is scored */
export function twin(base: TinyModel, tunedModel: TinyModel, ids: readonly number[]): Truth {
  const W0 = matrix(base, 'wte.weight');
  const W1 = matrix(tunedModel, 'wte.weight');
  const H = hiddenStates(base, ids).slice(0, -1);
  const targets = ids.slice(1);
  const share = 1 / targets.length;

  const D = W0.map((row, v) => row.map((w, i) => w - W1[v]![i]!));
  const G = W0.map((row) => row.map(() => 0));
  let loss = 0;
  let lossTunedHead = 0;
  for (const [t, h] of H.entries()) {
    const y = targets[t]!;
    const p = softmax(W0.map((row) => dot(row, h)));
    loss -= share * Math.log(p[y]!);
    lossTunedHead -= share * Math.log(softmax(W1.map((row) => dot(row, h)))[y]!);
    for (const [v, row] of G.entries()) {
      for (const i of row.keys()) row[i]! += share * (p[v]! - (v === y ? 1 : 0)) * h[i]!;
    }
  }
  const alignment = dot(G.flat(), D.flat());
  return { loss, lossTunedHead, alignment, gradientNorm: Math.hypot(...G.flat()), deltaNorm: Math.hypot(...D.flat()) };
}

/** [T,d] after the last norm */
function hiddenStates(model: TinyModel, ids: readonly number[]): Matrix {
  const tokens = matrix(model, 'wte.weight');
  const places = matrix(model, 'wpe.weight');
  let x: Matrix = ids.map((id, t) => sum(tokens[id]!, places[t]!));
  for (let i = 0; i < TINY.layers; i++) {
    const layer = (name: string, input: Matrix) => linear(model, `h.${i}.${name}`, input);
    const attended = layer('attn.c_proj', attention(layer('attn.c_attn', normed(model, `h.${i}.ln_1`, x))));
    x = x.map((row, t) => sum(row, attended[t]!));
    const fed = layer(
      'mlp.c_proj',
      layer('mlp.c_fc', normed(model, `h.${i}.ln_2`, x)).map((row) => row.map(gelu)),
    );
    x = x.map((row, t) => sum(row, fed[t]!));
  }
  return normed(model, 'ln_f', x);
}

/** Causal attention of all heads from [T,3d] queries, keys and values: softmax(q·k / √(d/heads)) v */
function attention(qkv: Matrix): Matrix {
  const { width: d, heads } = TINY;
  const size = d / heads;
  return qkv.map((row, t) =>
    Array.from({ length: heads }, (_, head) => {
      const part = (from: Vector, which: number) => from.slice(which * d + head * size, which * d + (head + 1) * size);
      const past = qkv.slice(0, t + 1);
      const weights = softmax(past.map((other) => dot(part(row, 0), part(other, 1)) / Math.sqrt(size)));
      return past
        .map((other, s) => part(other, 2).map((value) => weights[s]! * value))
        .reduce<Vector>(sum, Array(size).fill(0));
    }).flat(),
  );
}

function linear(model: TinyModel, name: string, input: Matrix): Matrix {
  const weight = matrix(model, `${name}.weight`); // [in,out]
  const [bias] = matrix(model, `${name}.bias`);
  return input.map((row) =>
    bias!.map((b, o) => b + row.reduce((total, value, i) => total + value * weight[i]![o]!, 0)),
  );
}

function normed(model: TinyModel, name: string, input: Matrix): Matrix {
  const [[weight], [bias]] = [matrix(model, `${name}.weight`), matrix(model, `${name}.bias`)];
  return input.map((row) => {
    const mean = row.reduce((a, b) => a + b) / row.length;
    const variance = row.reduce((total, value) => total + (value - mean) ** 2, 0) / row.length;
    return row.map((value, i) => ((value - mean) / Math.sqrt(variance + TINY.epsilon)) * weight![i]! + bias![i]!);
  });
}

/** Rows of a tensor; a vector is one row. */
function matrix({ tensors }: TinyModel, name: string): Matrix {
  const { shape, values } = tensors.get(`transformer.${name}`)!;
  const columns = shape.at(-1)!;
  return Array.from({ length: values.length / columns }, (_, r) => [
    ...values.subarray(r * columns, (r + 1) * columns),
  ]);
}

function softmax(logits: Vector): Vector {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const total = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / total);
}

/** gelu_new: x Φ(x) with Φ by the hyperbolic tangent */
function gelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((total, value, i) => total + value * b[i]!, 0);
}

function sum(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value + b[i]!);
}
