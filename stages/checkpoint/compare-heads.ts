/** One pass over two heads, row block by row block: lengths, hashes, and rows that look out of place. */
import { createHash, type Hash } from 'node:crypto';
import { collect } from './bytes.ts';
import type { Checkpoint } from './checkpoint.ts';
import { equalUpToRounding, rounded, toFloat32, widthOf } from './dtype.ts';
import { CheckpointError } from './error.ts';

export interface HeadComparison {
  /** No difference on shared rows but that of rounding to the stored types. */
  readonly equal: boolean;
  /** |W0 - W1| over the shared rows */
  readonly norm: number;
  /** |W0| over all rows */
  readonly baseNorm: number;
  /** Of the stored bytes of either head, hex. */
  readonly sha256: { readonly base: string; readonly tuned: string };
  /** |W0 - round(W0)| for the tuned side's type; undefined where the types are the same. */
  readonly rounding: number | undefined;
  /** Shared rows that have least in common with their counterpart, the most different first. */
  readonly strangers: readonly number[];
}

const BLOCK_BYTES = 4 << 20;
/** cos(W0[v], W1[v]) below which a row counts as a stranger: tuning leaves most rows above .8. */
const STRANGE = 0.5;
const MOST_STRANGERS = 8;

/** @throws CheckpointError that says where a head holds a value that is not finite */
export async function compareHeads(base: Checkpoint, tuned: Checkpoint, signal: AbortSignal): Promise<HeadComparison> {
  const [baseRows = 0, width = 0] = base.head.shape;
  const [tunedRows = 0] = tuned.head.shape;
  const shared = Math.min(baseRows, tunedRows);
  const types = [base.head.dtype, tuned.head.dtype] as const;
  const hashes = { base: createHash('sha256'), tuned: createHash('sha256') };
  let equal = true;
  const squares = { difference: 0, base: 0, rounding: 0 };
  const strangers: { readonly row: number; readonly cosine: number }[] = [];

  const step = Math.max(1, Math.floor(BLOCK_BYTES / (width * Math.max(widthOf(types[0]), widthOf(types[1])))));
  for (let from = 0; from < Math.max(baseRows, tunedRows); from += step) {
    signal.throwIfAborted();
    const [w0, w1] = await Promise.all([
      readBlock(base, from, from + step, hashes.base, signal),
      readBlock(tuned, from, from + step, hashes.tuned, signal),
    ]);
    squares.base += w0.squares;
    for (let row = 0; from + row < Math.min(from + step, shared); row++) {
      compareRow(from + row, rowOf(w0.values, row), rowOf(w1.values, row));
    }
  }

  function rowOf(values: Float32Array, row: number): Float32Array {
    return values.subarray(row * width, (row + 1) * width);
  }

  function compareRow(row: number, w0: Float32Array, w1: Float32Array): void {
    let aa = 0;
    let bb = 0;
    let ab = 0;
    let difference = 0;
    for (let i = 0; i < w0.length; i++) {
      const a = w0[i]!;
      const b = w1[i]!;
      aa += a * a;
      bb += b * b;
      ab += a * b;
      difference += (a - b) ** 2;
    }
    squares.difference += difference;
    if (types[0] === types[1]) equal &&= difference === 0;
    else compareRounded(w0, w1);
    const cosine = ab / Math.sqrt(aa * bb);
    if (cosine < STRANGE) addStranger(row, cosine);
  }

  function compareRounded(w0: Float32Array, w1: Float32Array): void {
    for (let i = 0; i < w0.length; i++) {
      squares.rounding += (w0[i]! - rounded(w0[i]!, types[1])) ** 2;
      equal &&= equalUpToRounding(w0[i]!, types[0], w1[i]!, types[1]);
    }
  }

  function addStranger(row: number, cosine: number): void {
    strangers.push({ row, cosine });
    strangers.sort((a, b) => a.cosine - b.cosine || a.row - b.row);
    if (strangers.length > MOST_STRANGERS) strangers.pop();
  }

  return {
    equal,
    norm: Math.sqrt(squares.difference),
    baseNorm: Math.sqrt(squares.base),
    sha256: { base: hashes.base.digest('hex'), tuned: hashes.tuned.digest('hex') },
    rounding: types[0] === types[1] ? undefined : Math.sqrt(squares.rounding),
    strangers: strangers.map(({ row }) => row),
  };
}

/** Rows [from, to) as far as there are any, hashed as they are stored, and the sum of their squares. */
async function readBlock(
  { head, ref, raw }: Checkpoint,
  from: number,
  to: number,
  hash: Hash,
  signal: AbortSignal,
): Promise<{ readonly values: Float32Array; readonly squares: number }> {
  const [rows = 0, width = 0] = head.shape;
  const rowBytes = width * widthOf(head.dtype);
  const bytes = Math.max(0, Math.min(to, rows) - from) * rowBytes;
  if (bytes === 0) return { values: new Float32Array(), squares: 0 };
  const stored = await collect(raw(head.name, { offset: from * rowBytes, bytes }, signal), bytes);
  hash.update(stored);
  const values = toFloat32(stored, head.dtype);
  const squares = squaresOf(values);
  if (!Number.isFinite(squares)) {
    const broken = values.findIndex((value) => !Number.isFinite(value));
    const place = `row ${from + Math.floor(broken / width)}, column ${broken % width}`;
    throw new CheckpointError(
      `${ref}: the head ${head.name} holds ${values[broken]} at ${place}; expected finite values`,
    );
  }
  return { values, squares };
}

function squaresOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return sum;
}
