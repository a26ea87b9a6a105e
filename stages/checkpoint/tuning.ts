/** What a tuning did to the layers whose gradient is measured: the head, the MLP of the last block, or both. */
import { createHash } from 'node:crypto';
import type { LastMlp, MlpMatrix } from '../graph/last-mlp.ts';
import { type Adapter, isAdapter } from './adapter.ts';
import type { Checkpoint, Tensor } from './checkpoint.ts';
import { type Delta, openDelta, UntouchedHeadError } from './delta.ts';
import { equalUpToRounding } from './dtype.ts';
import { CheckpointError } from './error.ts';
import { lengthOf, type MatrixChange, type Movement, movementsOf, type Part } from './movement.ts';
import { refuseDifferentModels } from './same-model.ts';

export const LAYERS = ['auto', 'head', 'last-mlp', 'head+last-mlp'] as const;
/** auto: the head where it changed, else the last MLP where that did. */
export type LayersChoice = (typeof LAYERS)[number];
export type Layers = Exclude<LayersChoice, 'auto'>;

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
  /** Of each matrix that counts. */
  readonly movements: readonly Movement[];
  /** |D| over the layers that count */
  readonly norm: number;
  /** |W0| over the layers that count */
  readonly baseNorm: number;
  /** What the user should know of it, each a sentence. */
  readonly notes: readonly string[];
}

export interface TuningOptions {
  readonly layers: LayersChoice;
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
  if (layers === 'auto') return await chosenTuning(base, tuned, lastMlp, signal);
  if (layers === 'head' && !isAdapter(tuned)) return headTuning(await openDelta(base, tuned, signal));
  const { tuning, counted } = await tuningOf(base, tuned, { layers, lastMlp }, signal);
  if (tuning === undefined) throw new CheckpointError(untouched(base, tuned, layers, counted) + ADVICE[layers]);
  return tuning;
}

/** The head where it changed, else the last MLP. */
async function chosenTuning(
  base: Checkpoint,
  tuned: Checkpoint | Adapter,
  lastMlp: LastMlp | undefined,
  signal: AbortSignal,
): Promise<Tuning> {
  const head = await movedHead(base, tuned, signal);
  if (typeof head !== 'string') return head;
  if (lastMlp === undefined) {
    throw new CheckpointError(
      `${head}; where the last MLP is in this body, which would be the next to look at, is not known`,
    );
  }
  const { tuning, counted } = await tuningOf(base, tuned, { layers: 'last-mlp', lastMlp }, signal);
  const names = counted.map(({ tensor }) => tensor.name).join(', ');
  if (tuning === undefined) {
    throw new CheckpointError(`${head}; ${names} did not change either, and gradients of other layers are not taken`);
  }
  const moved = counted.filter(({ change }) => change !== undefined).map(({ tensor }) => tensor.name);
  const chosen = `${base.head.name} did not change, ${moved.join(', ')} of the last block's MLP did: --layers last-mlp is taken`;
  return { ...tuning, notes: [chosen, ...tuning.notes] };
}

/** A sentence where the head did not change. */
async function movedHead(base: Checkpoint, tuned: Checkpoint | Adapter, signal: AbortSignal): Promise<Tuning | string> {
  if (isAdapter(tuned)) {
    const { tuning, counted } = await tuningOf(base, tuned, { layers: 'head', lastMlp: undefined }, signal);
    return tuning ?? untouched(base, tuned, 'head', counted);
  }
  try {
    return headTuning(await openDelta(base, tuned, signal));
  } catch (error) {
    if (error instanceof UntouchedHeadError) return error.fact;
    throw error;
  }
}

/** `tuning` is undefined where D of the layers that count is 0. */
async function tuningOf(
  base: Checkpoint,
  tuned: Checkpoint | Adapter,
  { layers, lastMlp }: { readonly layers: Layers; readonly lastMlp: LastMlp | undefined },
  signal: AbortSignal,
): Promise<{ readonly tuning: Tuning | undefined; readonly counted: readonly Part[] }> {
  const [rows = 0] = base.head.shape;
  const counted: Part[] = [];
  let head: Tuning['head'];
  if (isAdapter(tuned)) {
    refuseTiedHead(base, tuned);
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

  const movements = await movementsOf(base, counted, signal);
  const [norm, baseNorm] = [lengthOf(movements.map((one) => one.norm)), lengthOf(movements.map((one) => one.baseNorm))];
  if (!(norm > 0)) return { tuning: undefined, counted };
  const id = await idOf(base, tuned, layers, counted, signal);
  const notes = notesOf(tuned, counted, lastMlp);
  return { tuning: { id, layers, base, tuned: tuned.ref, head, mlp, movements, norm, baseNorm, notes }, counted };
}

/** An adapter of a head that shares its weights with the embedding changes the one and not the other. */
function refuseTiedHead(base: Checkpoint, { modules, ref }: Adapter): void {
  const head = modules.find((module) => /(^|\.)(lm_head|embed_out)$/.test(module));
  if (head === undefined || base.head.name.replace(/\.weight$/, '').endsWith(head)) return;
  throw new CheckpointError(
    `${ref}: adapts ${head}, and ${base.ref} ties its head to ${base.head.name}. Merge the adapter into its base and give the merged folder`,
  );
}

function headTuning({ id, base, tuned, vocabulary, norm, baseNorm, notes }: Delta): Tuning {
  const head = { kind: 'full', tuned, tensor: tuned.head, shared: vocabulary.shared } as const;
  const movements = [{ name: base.head.name, shape: base.head.shape, norm, baseNorm }];
  return { id, layers: 'head', base, tuned: tuned.ref, head, mlp: undefined, movements, norm, baseNorm, notes };
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
  const [ours, theirs] = [base.tensors.get(name)!.dtype, tuned.tensors.get(tunedName)!.dtype];
  return one.length === other.length && one.every((value, i) => equalUpToRounding(value, ours, other[i]!, theirs));
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

const ADVICE: Readonly<Record<Layers, string>> = {
  head: '; try --layers last-mlp',
  'last-mlp': '',
  'head+last-mlp': '',
};

function untouched(base: Checkpoint, tuned: Checkpoint | Adapter, layers: Layers, parts: readonly Part[]): string {
  const names = parts.map(({ tensor }) => tensor.name).join(', ');
  const adapted = isAdapter(tuned) ? [...new Set(tuned.modules.map((name) => name.replace(/\.\d+\./, '.*.')))] : [];
  return (
    `${tuned.ref}: D of --layers ${layers} is 0, ${names} of ${base.ref} did not change` +
    (adapted.length > 0 ? `; the adapter is of ${adapted.join(', ')}` : '')
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
