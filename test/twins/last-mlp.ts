/** The last block's MLP, the final norm and the head in float64: gradients by central differences, one weight at a time. */

export type Matrix = 'up' | 'gate' | 'down';

export interface BlockCase {
  /** up and gate [inner,d], down [d,inner], row-major */
  readonly matrices: Readonly<Partial<Record<Matrix, Float64Array>> & Record<'up' | 'down', Float64Array>>;
  readonly activation: (x: number) => number;
  /** Final norm: weight and bias [d] */
  readonly norm: { readonly weight: Float64Array; readonly bias: Float64Array; readonly epsilon: number };
  /** LayerNorm rather than RMSNorm. */
  readonly centred: boolean;
  /** [V,d] */
  readonly head: Float64Array;
  readonly width: number;
  /** What the MLP's output is added to [n,d], and its input [n,d]. */
  readonly rest: Float64Array;
  readonly input: Float64Array;
  readonly targets: readonly number[];
}

const STEP = 1e-5;

/** Gradient of the mean token loss by each matrix, in the matrix's own order. */
export function blockGradients(block: BlockCase): ReadonlyMap<Matrix, Float64Array> {
  const names = (['up', 'gate', 'down'] as const).filter((name) => block.matrices[name] !== undefined);
  return new Map(
    names.map((name) => {
      const matrix = block.matrices[name]!;
      const gradient = matrix.map((value, at) => {
        const moved = (step: number) => {
          const other = matrix.slice();
          other[at] = value + step;
          return blockLoss({ ...block, matrices: { ...block.matrices, [name]: other } });
        };
        return (moved(STEP) - moved(-STEP)) / (2 * STEP);
      });
      return [name, gradient];
    }),
  );
}

/** Mean token loss. */
export function blockLoss(block: BlockCase): number {
  const { matrices, activation, norm, centred, head, width, targets } = block;
  let loss = 0;
  for (const [t, target] of targets.entries()) {
    const row = (values: Float64Array) => values.subarray(t * width, (t + 1) * width);
    const up = product(matrices.up, row(block.input));
    const gate = matrices.gate && product(matrices.gate, row(block.input));
    const wide = up.map((value, i) => (gate === undefined ? activation(value) : activation(gate[i]!) * value));
    const added = product(matrices.down, wide);
    const stream = row(block.rest).map((value, i) => value + added[i]!);
    const mean = centred ? average(stream) : 0;
    const sigma = Math.sqrt(average(stream.map((value) => (value - mean) ** 2)) + norm.epsilon);
    const hidden = stream.map((value, i) => ((value - mean) / sigma) * norm.weight[i]! + norm.bias[i]!);
    const logits = product(head, hidden);
    const largest = Math.max(...logits);
    loss += largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)) - logits[target]!;
  }
  return loss / targets.length;
}

function product(matrix: Float64Array, x: Float64Array): Float64Array {
  return new Float64Array(matrix.length / x.length).map((_, row) => {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += matrix[row * x.length + i]! * x[i]!;
    return sum;
  });
}

function average(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
