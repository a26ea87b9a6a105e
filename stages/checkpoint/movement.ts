/** How far a tuning moved single matrices. */
import type { LowRank } from './adapter.ts';
import type { Checkpoint, Tensor } from './checkpoint.ts';
import { CheckpointError } from './error.ts';

/** D of one matrix: by the tuned side's tensor of the same name, or as factors. */
export type MatrixChange =
  | { readonly kind: 'full'; readonly tuned: Checkpoint; readonly tensor: Tensor }
  | ({ readonly kind: 'factors' } & LowRank);

/** One matrix whose gradient counts; `change` undefined where D is 0. */
export interface Part {
  readonly tensor: Tensor;
  readonly change: MatrixChange | undefined;
}

/** How far one matrix moved. */
export interface Movement {
  /** Tensor name at the base. */
  readonly name: string;
  readonly shape: readonly number[];
  /** |D| */
  readonly norm: number;
  /** |W0| */
  readonly baseNorm: number;
}

export async function movementsOf(
  base: Checkpoint,
  parts: readonly Part[],
  signal: AbortSignal,
): Promise<readonly Movement[]> {
  const movements: Movement[] = [];
  for (const { tensor, change } of parts) {
    const weights = await base.read(tensor.name, undefined, signal);
    const squared = change === undefined ? 0 : await squaredChange(base, tensor, weights, change, signal);
    movements.push({ name: tensor.name, shape: tensor.shape, norm: Math.sqrt(squared), baseNorm: lengthOf(weights) });
  }
  return movements;
}

/** |D|² of one matrix */
async function squaredChange(
  base: Checkpoint,
  tensor: Tensor,
  weights: Float32Array,
  change: MatrixChange,
  signal: AbortSignal,
): Promise<number> {
  if (change.kind === 'factors') return squaredProduct(change, tensor);
  const tuned = await change.tuned.read(change.tensor.name, undefined, signal);
  const shared = Math.min(weights.length, tuned.length);
  let sum = 0;
  for (let i = 0; i < shared; i++) sum += (weights[i]! - tuned[i]!) ** 2;
  if (Number.isFinite(sum)) return sum;
  throw new CheckpointError(`${change.tuned.ref}: the tensor ${tensor.name} of it or of ${base.ref} is not finite`);
}

export function lengthOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}

/** |A Bᵀ|² = Σ (AᵀA) ∘ (BᵀB) */
function squaredProduct({ rank, a, b }: LowRank, { name, shape }: Tensor): number {
  const [rows, columns] = [a.length / rank, b.length / rank];
  const fits = `${[...shape].sort()}` === `${[rows, columns].sort()}`;
  if (!fits) {
    throw new CheckpointError(`the adapter's factors of ${name} make [${rows},${columns}]; the base has [${shape}]`);
  }
  let sum = 0;
  for (let r = 0; r < rank; r++) {
    for (let s = 0; s < rank; s++) sum += columnDot(a, rank, r, s) * columnDot(b, rank, r, s);
  }
  return sum;
}

function columnDot(matrix: Float32Array, rank: number, r: number, s: number): number {
  let sum = 0;
  for (let at = 0; at < matrix.length; at += rank) sum += matrix[at + r]! * matrix[at + s]!;
  return sum;
}
