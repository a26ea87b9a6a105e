/** A base and a tuned checkpoint on disk, and what a graph needs of them. */

import type { LocalTensor } from '../stages/checkpoint/checkpoint.ts';
import { openCheckpoint } from '../stages/checkpoint/checkpoint.ts';
import { type Body, bodyOf } from '../stages/graph/families.ts';
import { INPUTS } from '../stages/graph/head.ts';
import { IDS } from '../stages/graph/model.ts';
import type { Feeds } from '../stages/graph/session.ts';

/** Folders. */
export interface Pair {
  readonly base: string;
  readonly tuned: string;
}

export interface Loaded {
  readonly body: Body;
  readonly weights: ReadonlyMap<string, LocalTensor>;
  readonly head: LocalTensor;
  readonly tunedHead: LocalTensor;
}

export async function load({ base, tuned }: Pair, signal: AbortSignal): Promise<Loaded> {
  const before = await openCheckpoint(base, { cache: base, offline: true }, signal);
  const after = await openCheckpoint(tuned, { cache: tuned, offline: true }, signal);
  const weights = await before.local([...bodyOf(before).tensors, before.head.name], signal);
  return {
    body: bodyOf(before),
    weights,
    head: weights.get(before.head.name)!,
    tunedHead: (await after.local([after.head.name], signal)).get(after.head.name)!,
  };
}

/** Feeds of a gradient model for windows of equal length, all positions scored. */
export function feedsOf(windows: readonly ArrayLike<number>[]): Feeds {
  const [B, T] = [windows.length, windows[0]!.length];
  const dims = [B, T - 1];
  const scored = <Out>(pick: (window: ArrayLike<number>, b: number, t: number) => Out) =>
    windows.flatMap((window, b) => Array.from({ length: T - 1 }, (_, t) => pick(window, b, t)));
  return {
    [IDS]: { data: BigInt64Array.from(windows.flatMap((window) => Array.from(window, BigInt))), dims: [B, T] },
    [INPUTS.rows]: { data: BigInt64Array.from(scored((_, b, t) => BigInt(b * T + t))), dims },
    [INPUTS.targets]: { data: BigInt64Array.from(scored((window, _, t) => BigInt(window[t + 1]!))), dims },
    [INPUTS.weights]: { data: Float32Array.from(scored(() => 1 / (T - 1))), dims },
  };
}
