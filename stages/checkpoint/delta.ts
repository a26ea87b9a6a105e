/** What tuning did to the head: D = W0 - W1, base minus tuned. A training step moves along -G, so documents point along +D. */
import { createHash } from 'node:crypto';
import type { LowRank } from './adapter.ts';
import { changedTensors } from './changed-tensors.ts';
import type { Checkpoint } from './checkpoint.ts';
import { compareHeads, type HeadComparison } from './compare-heads.ts';
import { CheckpointError } from './error.ts';
import { movedRows } from './moved-rows.ts';
import { refuseDifferentModels } from './same-model.ts';
import { vocabularyChange, vocabularyOf } from './vocabulary.ts';

export interface Delta {
  /** sha-256, hex, over the layers taken, and the names, types, shapes and bytes of their tensors on both sides. */
  readonly id: string;
  readonly base: Checkpoint;
  readonly tuned: Checkpoint;
  /** Rows of either head, and how many of them stand for the same tokens: D is 0 on the base's rows above `shared`. */
  readonly vocabulary: { readonly base: number; readonly tuned: number; readonly shared: number };
  /** d */
  readonly width: number;
  /** |D|, over the shared rows */
  readonly norm: number;
  /** |W0|, over all rows */
  readonly baseNorm: number;
  /** What the user should know of it, each a sentence. */
  readonly notes: readonly string[];
}

/** D of a head, by the two sides or as an adapter has it, two factors over all rows of the base. */
export type HeadDifference = Pick<Delta, 'vocabulary' | 'width'> &
  (Pick<Delta, 'base' | 'tuned'> | { readonly factors: LowRank });

/** The head of a pair did not change. */
export class UntouchedHeadError extends CheckpointError {
  /** What is known, without advice. */
  readonly fact: string;

  constructor(fact: string, advice: string) {
    super(fact + advice);
    this.fact = fact;
  }
}

/**
 * Reads both heads once, row block by row block; sums are kept in float64.
 *
 * @throws CheckpointError where the two are not one model before and after (architecture, width, depth, order of the
 *   vocabulary), where a head holds NaN or infinities, or
 *   (UntouchedHeadError) where D is 0: the message then names the layers that did change
 */
export async function openDelta(base: Checkpoint, tuned: Checkpoint, signal: AbortSignal): Promise<Delta> {
  refuseDifferentModels(base, tuned);
  const [baseRows = 0, width = 0] = base.head.shape;
  const [tunedRows = 0] = tuned.head.shape;
  const shared = Math.min(baseRows, tunedRows);
  const vocabulary = { base: baseRows, tuned: tunedRows, shared };
  const tokenizerNotes = await compareTokenizers(base, tuned, shared, signal);

  await Promise.all([base.local([base.head.name], signal), tuned.local([tuned.head.name], signal)]);
  const heads = await compareHeads(base, tuned, signal);
  if (heads.equal) throw await identicalHeads(base, tuned, heads, signal);
  await refuseMovedRows(base, tuned, heads, signal);

  return {
    id: idOf(base, tuned, heads),
    base,
    tuned,
    vocabulary,
    width,
    norm: heads.norm,
    baseNorm: heads.baseNorm,
    notes: [...tokenizerNotes, ...vocabularyNotes(vocabulary), ...roundingNotes(base, tuned, heads)],
  };
}

/**
 * Rows [from, to) of D as float32 [to-from,d], 0 on rows that the tuned side lacks.
 */
export async function deltaRows(
  delta: HeadDifference,
  [from, to]: readonly [number, number],
  signal: AbortSignal,
): Promise<Float32Array> {
  if ('factors' in delta) return multipliedOut(delta.factors, [from, to]);
  const { base, tuned, vocabulary, width } = delta;
  const difference = new Float32Array((to - from) * width);
  const end = Math.min(to, vocabulary.shared);
  if (from >= end) return difference;
  const [w0, w1] = await Promise.all(
    [base, tuned].map((checkpoint) => checkpoint.read(checkpoint.head.name, [from, end], signal)),
  );
  for (let i = 0; i < w0!.length; i++) difference[i] = w0![i]! - w1![i]!;
  return difference;
}

/** Rows [from, to) of A Bᵀ */
function multipliedOut({ rank, a, b }: LowRank, [from, to]: readonly [number, number]): Float32Array {
  const width = b.length / rank;
  return Float32Array.from({ length: (to - from) * width }, (_, at) => {
    const [row, column] = [from + Math.floor(at / width), at % width];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += a[row * rank + r]! * b[column * rank + r]!;
    return sum;
  });
}

function idOf(base: Checkpoint, tuned: Checkpoint, { sha256 }: HeadComparison): string {
  const side = ({ head }: Checkpoint, bytes: string) => [head.name, head.dtype, head.shape, bytes];
  const identity = ['deltasift delta 1', ['head'], side(base, sha256.base), side(tuned, sha256.tuned)];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
}

async function compareTokenizers(
  base: Checkpoint,
  tuned: Checkpoint,
  shared: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [ours, theirs] = await Promise.all([base, tuned].map((checkpoint) => checkpoint.tokenizer(signal)));
  if (ours === undefined || theirs === undefined) return [];
  const change = vocabularyChange(
    vocabularyOf(ours.tokenizer, `tokenizer.json of ${base.ref}`),
    vocabularyOf(theirs.tokenizer, `tokenizer.json of ${tuned.ref}`),
    shared,
  );
  if (change === undefined) return [];
  const first = `token ${change.id} is ${JSON.stringify(change.base)} in ${base.ref} and ${JSON.stringify(change.tuned)} in ${tuned.ref}`;
  if (2 * change.moved > change.changed) {
    throw new CheckpointError(
      `the vocabulary was reordered: ${first}; ${change.moved} tokens have another id, so rows of the heads cannot be compared`,
    );
  }
  return [`the tokenizers differ in ${change.changed} tokens: ${first}; the one of ${base.ref} is used`];
}

async function identicalHeads(
  base: Checkpoint,
  tuned: Checkpoint,
  { rounding }: HeadComparison,
  signal: AbortSignal,
): Promise<UntouchedHeadError> {
  const changed = await changedTensors(base, tuned, signal);
  const same =
    rounding === undefined
      ? `the heads of ${base.ref} and ${tuned.ref} are identical (${tuned.head.name})`
      : `the heads of ${base.ref} (${base.head.dtype}) and ${tuned.ref} (${tuned.head.dtype}) are identical up to the rounding of their types`;
  const fact = `${same}: D = 0, the last layer holds no signal`;
  return changed.length === 0
    ? new UntouchedHeadError(`${fact}; no other tensor differs either: is this the same checkpoint twice?`, '')
    : new UntouchedHeadError(
        `${fact}; the tuning left the head alone, as LoRA mostly does, and changed ${changed.join(', ')}`,
        ': a scan with --layers last-mlp may see it',
      );
}

async function refuseMovedRows(
  base: Checkpoint,
  tuned: Checkpoint,
  { strangers }: HeadComparison,
  signal: AbortSignal,
): Promise<void> {
  const moved = await movedRows(base, tuned, strangers, signal);
  if (moved.length < 2 || 2 * moved.length <= strangers.length) return;
  const list = moved.map(({ row, from }) => `${row} holds the base's row ${from}`).join(', ');
  throw new CheckpointError(
    `the vocabulary of ${tuned.ref} was reordered: of its head's rows ${list}; rows of the heads cannot be compared`,
  );
}

function vocabularyNotes({ base, tuned, shared }: Delta['vocabulary']): readonly string[] {
  if (base === tuned) return [];
  const unshared =
    base > shared
      ? `D is 0 on the base's last ${base - shared} rows`
      : `the tuned side's last ${tuned - shared} rows have no counterpart and are left out of D`;
  return [
    `the vocabularies differ in size (base ${base}, tuned ${tuned}): ${unshared}, and either side's softmax runs over its own rows`,
  ];
}

function roundingNotes(base: Checkpoint, tuned: Checkpoint, { rounding, norm }: HeadComparison): readonly string[] {
  if (rounding === undefined) return [];
  const share = ((100 * rounding) / norm).toPrecision(2);
  return [`the heads are stored as ${base.head.dtype} and ${tuned.head.dtype}: rounding alone makes ${share} % of |D|`];
}
