/**
 * Gradients by the MLP of the last block, for deltas that leave the head alone. Nothing mixes tokens after it, so they too are
 * sums of one rank-one term a token. With e = mₜ (Pₜ − Yₜ) W0 the gradient of the loss by the final hidden state (head.ts has it
 * from its walk over the vocabulary), x the state before the final norm, u the MLP's input and a = f(W_up u), or f(W_gate u) ∘ (W_up u)
 * where there is a gate:
 *
 *     δ = ∂loss/∂x: e back through the norm,  x̂ = (x − μ)/σ,  c = w ∘ e:  δ = (c − mean(c) − x̂ mean(c ∘ x̂)) / σ
 *                   (RMSNorm: no μ and no mean(c))
 *     ∂loss/∂W_down = Σ δ aᵀ
 *     ∂loss/∂W_up   = Σ ζ uᵀ,  ζ = (W_downᵀ δ) ∘ f′(W_up u),  or (W_downᵀ δ) ∘ f(W_gate u) where there is a gate, and then
 *     ∂loss/∂W_gate = Σ ζ′ uᵀ, ζ′ = (W_downᵀ δ) ∘ (W_up u) ∘ f′(W_gate u)
 *
 * For G = Σ l rᵀ: ⟨G, D⟩ = Σ lᵀ D r, and |G|² = Σ (L Lᵀ) ∘ (R Rᵀ) within a window.
 */
import type { LocalTensor } from '../checkpoint/checkpoint.ts';
import { ACTIVATIONS, type ActivationName } from './activation.ts';
import { DERIVATIVES } from './activation-derivative.ts';
import type { Graph } from './onnx.ts';
import { rowDot, sumOf, transposed } from './operations.ts';
import { tensorOf } from './tensors.ts';

export type MlpMatrix = 'up' | 'gate' | 'down';

/** What a body says of its last block's MLP. */
export interface LastMlp {
  /** Tensor names of the matrices; no gate where the architecture has none. */
  readonly matrices: Readonly<Partial<Record<MlpMatrix, string>> & Record<'up' | 'down', string>>;
  /** They are stored [in,out], as GPT-2 does, rather than [out,in]. */
  readonly transposed: boolean;
  readonly activation: ActivationName;
  /** The final norm: LayerNorm is centred, RMSNorm is not. */
  readonly norm: { readonly weight: string; readonly epsilon: number; readonly centred: boolean };
}

/** Values of the last block at every position, N = B·T rows. */
export interface MlpValues {
  /** x [N,d], before the final norm */
  readonly stream: string;
  /** u [N,d] */
  readonly input: string;
  /** W_up u [N,inner], biases included, before the activation where there is no gate */
  readonly up: string;
  /** W_gate u [N,inner], before the activation */
  readonly gate: string | undefined;
  /** a [N,inner] */
  readonly wide: string;
}

/** D of one matrix [out,in]: by the tuned matrix as it is stored, or as factors A [out,r], B [in,r] of D = A Bᵀ. */
export type MatrixDelta =
  | { readonly kind: 'full'; readonly tuned: LocalTensor }
  | { readonly kind: 'factors'; readonly rank: number; readonly a: Float32Array; readonly b: Float32Array };

/** D of the MLP; 0 for matrices it does not name. */
export type MlpDelta = Readonly<Partial<Record<MlpMatrix, MatrixDelta>>>;

/** What the tail needs of the body and the checkpoints. */
export interface MlpParts {
  readonly mlp: LastMlp;
  readonly values: MlpValues;
  /** Of the model whose gradient it is, as `graph` runs it. */
  readonly weights: ReadonlyMap<string, LocalTensor>;
  readonly graph?: Graph | undefined;
  /** Of the base, where the gradient is another model's. */
  readonly before?: ReadonlyMap<string, LocalTensor> | undefined;
  readonly deltas: readonly MlpDelta[];
}

export interface MlpTerms {
  /** For each delta the contribution of each position to ⟨G, D⟩ [B,S,1]; undefined where D is 0. */
  readonly alignments: readonly (string | undefined)[];
  /** |G|² [B] */
  readonly squaredNorm: string;
}

/** One sum of outer products Σ l rᵀ: l [B,S,out], r [B,S,in]. */
interface Outer {
  readonly matrix: MlpMatrix;
  readonly left: string;
  readonly right: string;
}

/**
 * @param error e [B,S,d], weighted
 * @param rows [B,S] flat index of each scored position
 */
export function mlpTerms(g: Graph, error: string, rows: string, parts: MlpParts): MlpTerms {
  const { mlp, values, weights, deltas, before = weights } = parts;
  const scored = (value: string) => g.node('Gather', [value, rows], { axis: 0 }); // [B,S,..]
  const delta = normBackward(g, error, scored(values.stream), mlp, weights);
  const input = scored(values.input);
  const outers: Outer[] = [
    { matrix: 'down', left: delta, right: scored(values.wide) },
    ...widened().map(({ matrix, left }) => ({ matrix, left, right: input })),
  ];

  return {
    alignments: deltas.map((of) => {
      const terms = outers.flatMap(({ matrix, left, right }) => {
        const part = of[matrix];
        return part === undefined ? [] : alignment(left, right, matrix, part);
      });
      return terms.length === 0 ? undefined : sumOf(g, terms);
    }),
    squaredNorm: sumOf(
      g,
      outers.map(({ left, right }) => squaredLength(left, right)),
    ),
  };

  /** ζ, and ζ′ where there is a gate. */
  function widened(): readonly Omit<Outer, 'right'>[] {
    const back = g.node('MatMul', [delta, matrix('down', 'backward')]); // W_downᵀ δ [B,S,inner]
    const up = scored(values.up);
    if (values.gate === undefined) {
      return [{ matrix: 'up', left: g.node('Mul', [back, DERIVATIVES[mlp.activation](g, up)]) }];
    }
    const gate = scored(values.gate);
    const slope = g.node('Mul', [up, DERIVATIVES[mlp.activation](g, gate)]);
    return [
      { matrix: 'up', left: g.node('Mul', [back, ACTIVATIONS[mlp.activation](g, gate)]) },
      { matrix: 'gate', left: g.node('Mul', [back, slope]) },
    ];
  }

  /** The matrix to multiply rows by from the right: [in,out] forward, [out,in] backward. */
  function matrix(name: MlpMatrix, direction: 'forward' | 'backward'): string {
    return oriented(g.weight(tensorOf(weights, nameOf(name))), direction);
  }

  function nameOf(name: MlpMatrix): string {
    const found = mlp.matrices[name];
    if (found === undefined) throw new RangeError(`the last block has no matrix ${name}`);
    return found;
  }

  function oriented(stored: string, direction: 'forward' | 'backward'): string {
    return (direction === 'forward') === mlp.transposed ? stored : g.node('Transpose', [stored], { perm: [1, 0] });
  }

  /** lᵀ D r [B,S,1] */
  function alignment(left: string, right: string, name: MlpMatrix, part: MatrixDelta): string {
    if (part.kind === 'factors') {
      const { rank, a, b } = part;
      const projected = (value: string, factor: Float32Array) =>
        g.node('MatMul', [value, g.floats(factor, [factor.length / rank, rank])]);
      return rowDot(g, projected(left, a), projected(right, b));
    }
    // constants on both sides: the session folds the difference once, when it loads
    const difference = g.node('Sub', [g.weight(tensorOf(before, nameOf(name))), g.weight(part.tuned)]);
    return rowDot(g, left, g.node('MatMul', [right, oriented(difference, 'forward')]));
  }

  /** Σ (L Lᵀ) ∘ (R Rᵀ) [B] */
  function squaredLength(left: string, right: string): string {
    const gram = (value: string) => g.node('MatMul', [value, transposed(g, value)]); // [B,S,S]
    const product = g.node('Mul', [gram(left), gram(right)]);
    return g.node('ReduceSum', [product, g.ints([1, 2])], { keepdims: 0 });
  }
}

/** δ [B,S,d] from e and x. */
function normBackward(
  g: Graph,
  error: string,
  stream: string,
  { norm }: LastMlp,
  weights: ReadonlyMap<string, LocalTensor>,
): string {
  const mean = (value: string) => g.node('ReduceMean', [value], { axes: [-1], keepdims: 1 });
  const less = (value: string, part: string) => g.node('Sub', [value, part]);
  const times = (value: string, factor: string) => g.node('Mul', [value, factor]);

  const centred = norm.centred ? less(stream, mean(stream)) : stream;
  const variance = g.node('Add', [mean(times(centred, centred)), g.floats([norm.epsilon], [])]);
  const sigma = g.node('Sqrt', [variance]); // [B,S,1]
  const unit = g.node('Div', [centred, sigma]); // x̂
  const c = times(error, g.weight(tensorOf(weights, norm.weight)));
  const along = less(c, times(unit, mean(times(c, unit))));
  return g.node('Div', [norm.centred ? less(along, mean(c)) : along, sigma]);
}
