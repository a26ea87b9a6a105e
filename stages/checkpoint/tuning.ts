/** What a tuning did to the layers whose gradient is measured: the head, the MLP of the last block, or both. */
import { createHash } from 'node:crypto';
import type { LastMlp, MlpMatrix } from '../graph/last-mlp.ts';
import { type Adapter, isAdapter, type LowRank } from './adapter.ts';
import type { Checkpoint, Tensor } from './checkpoint.ts';
import { type Delta, openDelta } from './delta.ts';
import { CheckpointError } from './error.ts';
import { refuseDifferentModels } from './same-model.ts';

export const LAYERS = ['head', 'last-mlp', 'head+last-mlp'] as const;
export type Layers = (typeof LAYERS)[number];

/** D of one matrix: by the tuned side's tensor of the same name, or as factors. */
export type MatrixChange =
  | { readonly kind: 'full'; readonly tuned: Checkpoint; readonly tensor: Tensor }
  | ({ readonly kind: 'factors' } & LowRank);

export interface Tuning {
  /** sha-256, hex: that of the head's delta where only the head counts and both sides are checkpoints. */
  readonly id: string;
  readonly layers: Layers;
  readonly base: Checkpoint;
  /** What the user called the tuned side. */
  readonly tuned: string;
  /** D of the head, also where its gradient does not count: the loss with the tuned head asks for it. Undefined where it is 0. */
  readonly head: ({ readonly shared: number } & MatrixChange) | undefined;
  /** D of the last MLP's matrices, 0 for those that are not there; undefined where it does not count. */
  readonly mlp: Readonly<Partial<Record<MlpMatrix, MatrixChange>>> | undefined;
  /** |D| over the layers that count */
  readonly norm: number;
  /** |W0| over the layers that count */
  readonly baseNorm: number;
  /** What the user should know of it, each a sentence. */
  readonly notes: readonly string[];
}

export interface TuningOptions {
  readonly layers: Layers;
  /** Of the base's body; undefined where it is not known. */
  readonly lastMlp: LastMlp | undefined;
}

/**
 * @throws CheckpointError where the two sides are not one model before and after, a value is not finite, or D of the layers
 *   that count is 0
 */
export async function openTuning(
  base: Checkpoint,
  tuned: Checkpoint | Adapter,
  { layers, lastMlp }: TuningOptions,
  signal: AbortSignal,
): Promise<Tuning> {
  if (layers === 'head' && !isAdapter(tuned)) return headTuning(await openDelta(base, tuned, signal));
  const [rows = 0] = base.head.shape;
  const counted: Part[] = [];
  let head: Tuning['head'];
  if (isAdapter(tuned)) {
    const factors = tuned.delta(base.head.name);
    head = factors === undefined ? undefined : { kind: 'factors', shared: rows, ...factors };
  } else {
    refuseDifferentModels(base, tuned);
    if (!(await equalTensors(base, tuned, base.head.name, tuned.head.name, signal))) {
      const [tunedRows = 0] = tuned.head.shape;
      head = { kind: 'full', tuned, tensor: tuned.head, shared: Math.min(rows, tunedRows) };
    }
  }
  if (layers !== 'last-mlp') counted.push({ tensor: base.head, change: head });

  let mlp: Tuning['mlp'];
  if (layers !== 'head') {
    if (lastMlp === undefined) {
      throw new CheckpointError(
        `${base.architecture}: where the last MLP is in this body is not known; use --layers head`,
      );
    }
    const changes: Partial<Record<MlpMatrix, MatrixChange>> = {};
    for (const [matrix, name] of Object.entries(lastMlp.matrices) as [MlpMatrix, string][]) {
      const change = await changeOf(base, tuned, name, signal);
      if (change !== undefined) changes[matrix] = change;
      counted.push({ tensor: base.tensors.get(name)!, change });
    }
    mlp = changes;
  }

  const squares = await squaresOf(base, counted, signal);
  if (!(squares.delta > 0)) throw untouched(base, tuned, layers, counted);
  return {
    id: await idOf(base, tuned, layers, counted, signal),
    layers,
    base,
    tuned: tuned.ref,
    head,
    mlp,
    norm: Math.sqrt(squares.delta),
    baseNorm: Math.sqrt(squares.base),
    notes: notesOf(tuned, counted, lastMlp),
  };
}

/** One matrix whose gradient counts; `change` undefined where D is 0. */
interface Part {
  readonly tensor: Tensor;
  readonly change: MatrixChange | undefined;
}

function headTuning({ id, base, tuned, vocabulary, norm, baseNorm, notes }: Delta): Tuning {
  const head = { kind: 'full', tuned, tensor: tuned.head, shared: vocabulary.shared } as const;
  return { id, layers: 'head', base, tuned: tuned.ref, head, mlp: undefined, norm, baseNorm, notes };
}

async function changeOf(
  base: Checkpoint,
  tuned: Checkpoint | Adapter,
  name: string,
  signal: AbortSignal,
): Promise<MatrixChange | undefined> {
  if (isAdapter(tuned)) {
    const factors = tuned.delta(name);
    return factors === undefined ? undefined : { kind: 'factors', ...factors };
  }
  const tensor = tuned.tensors.get(name);
  if (tensor === undefined) throw new CheckpointError(`${tuned.ref}: has no tensor ${name}, which ${base.ref} has`);
  return (await equalTensors(base, tuned, name, name, signal)) ? undefined : { kind: 'full', tuned, tensor };
}

async function equalTensors(
  base: Checkpoint,
  tuned: Checkpoint,
  name: string,
  tunedName: string,
  signal: AbortSignal,
): Promise<boolean> {
  const [one, other] = await Promise.all([
    base.read(name, undefined, signal),
    tuned.read(tunedName, undefined, signal),
  ]);
  return one.length === other.length && one.every((value, i) => value === other[i]);
}

/** |D|² and |W0|² over the parts. */
async function squaresOf(base: Checkpoint, parts: readonly Part[], signal: AbortSignal) {
  const sums = { delta: 0, base: 0 };
  for (const { tensor, change } of parts) {
    const weights = await base.read(tensor.name, undefined, signal);
    for (let i = 0; i < weights.length; i++) sums.base += weights[i]! ** 2;
    if (change?.kind === 'factors') sums.delta += squaredProduct(change, tensor);
    if (change?.kind !== 'full') continue;
    const tuned = await change.tuned.read(change.tensor.name, undefined, signal);
    const shared = Math.min(weights.length, tuned.length);
    let sum = 0;
    for (let i = 0; i < shared; i++) sum += (weights[i]! - tuned[i]!) ** 2;
    if (!Number.isFinite(sum)) {
      throw new CheckpointError(`${change.tuned.ref}: the tensor ${tensor.name} of it or of ${base.ref} is not finite`);
    }
    sums.delta += sum;
  }
  return sums;
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

async function idOf(
  base: Checkpoint,
  tuned: Checkpoint | Adapter,
  layers: Layers,
  parts: readonly Part[],
  signal: AbortSignal,
): Promise<string> {
  const sides: unknown[] = [];
  for (const { tensor, change } of parts) {
    sides.push(await sideOf(base, tensor, signal));
    if (change?.kind === 'full') sides.push(await sideOf(change.tuned, change.tensor, signal));
  }
  const adapter = isAdapter(tuned) ? [tuned.hash] : [];
  const identity = ['deltasift delta 1', layers.split('+'), ...sides, ...adapter];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
}

async function sideOf({ raw }: Checkpoint, { name, dtype, shape }: Tensor, signal: AbortSignal): Promise<unknown> {
  const hash = createHash('sha256');
  for await (const piece of raw(name, undefined, signal)) hash.update(piece);
  return [name, dtype, shape, hash.digest('hex')];
}

function untouched(
  base: Checkpoint,
  tuned: Checkpoint | Adapter,
  layers: Layers,
  parts: readonly Part[],
): CheckpointError {
  const names = parts.map(({ tensor }) => tensor.name).join(', ');
  const adapted = isAdapter(tuned) ? [...new Set(tuned.modules.map((name) => name.replace(/\.\d+\./, '.*.')))] : [];
  return new CheckpointError(
    `${tuned.ref}: D of --layers ${layers} is 0, ${names} of ${base.ref} did not change` +
      (adapted.length > 0 ? `; the adapter is of ${adapted.join(', ')}` : '') +
      (layers === 'head' ? '; try --layers last-mlp' : ''),
  );
}

function notesOf(tuned: Checkpoint | Adapter, parts: readonly Part[], lastMlp: LastMlp | undefined): readonly string[] {
  const counted = parts.map(({ tensor }) => tensor.name);
  const still = parts.filter(({ change }) => change === undefined).map(({ tensor }) => tensor.name);
  const known = new Set(Object.values(lastMlp?.matrices ?? {}));
  const beside = isAdapter(tuned)
    ? tuned.modules.length - parts.filter(({ change }) => change !== undefined).length
    : 0;
  return [
    ...(still.length > 0 && known.size > 0 ? [`${still.join(', ')} did not change: D is 0 there`] : []),
    ...(beside > 0 ? [`the adapter changes ${beside} more modules than ${counted.join(', ')}`] : []),
  ];
}
