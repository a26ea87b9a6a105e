/** The checkpoints of test/golden/families, and a session on a body built from one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { LocalTensor } from '../../stages/checkpoint/checkpoint.ts';
import { toFloat32 } from '../../stages/checkpoint/dtype.ts';
import { headOf } from '../../stages/checkpoint/head-tensor.ts';
import { PREFIX_BYTES, parseHeader } from '../../stages/checkpoint/safetensors.ts';
import type { Body } from '../../stages/graph/families.ts';
import type { Config } from '../../stages/graph/fields.ts';
import { bodyModel, HIDDEN, IDS } from '../../stages/graph/model.ts';

/** What transformers computes, in float64. */
export interface Golden {
  /** By position: [d] */
  readonly hidden: Readonly<Record<string, readonly number[]>>;
  /** [T−1] of tokens 1.. */
  readonly loss: readonly number[];
}

/** A config that differs from the saved one. */
export interface Flip extends Golden {
  readonly set: Config;
  readonly unset?: readonly string[];
  /** Parts of the names of tensors that go with it. */
  readonly drop?: readonly string[];
  /** Largest relative difference of a hidden state to the saved config's. */
  readonly changes: number;
}

export interface Family {
  readonly config: Config;
  readonly architecture: string;
  readonly tensors: ReadonlyMap<string, LocalTensor>;
  readonly golden: Golden & { readonly ids: readonly number[]; readonly flips: readonly Flip[] };
}

export function family(name: string): Family {
  const folder = fileURLToPath(new URL(`../golden/families/${name}/`, import.meta.url));
  const config = JSON.parse(readFileSync(`${folder}config.json`, 'utf8'));
  const path = `${folder}model.safetensors`;
  const bytes = readFileSync(path);
  const end = PREFIX_BYTES + bytes.readUInt32LE(0);
  const header = parseHeader(bytes.subarray(PREFIX_BYTES, end), bytes.length, path);
  const tensors = [...header].map(([tensor, stored]): [string, LocalTensor] => {
    return [tensor, { ...stored, name: tensor, file: path, path } as LocalTensor];
  });
  return {
    config,
    architecture: config.architectures[0],
    tensors: new Map(tensors),
    golden: JSON.parse(readFileSync(`${folder}golden.json`, 'utf8')),
  };
}

/** The same weights under another config. */
export function flipped(saved: Family, { set, unset = [], drop = [] }: Omit<Flip, keyof Golden | 'changes'>): Family {
  const kept = Object.entries(saved.config).filter(([name]) => !unset.includes(name));
  const tensors = [...saved.tensors].filter(([name]) => !drop.some((part) => name.includes(part)));
  return { ...saved, config: { ...Object.fromEntries(kept), ...set }, tensors: new Map(tensors) };
}

/** Hidden states [T][d] of each text, run as one batch padded on the right. */
export async function hiddenStates(
  body: Body,
  weights: ReadonlyMap<string, LocalTensor>,
  texts: readonly (readonly number[])[],
): Promise<readonly (readonly Float32Array[])[]> {
  const session = await InferenceSession.create(bodyModel({ body, weights }), {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { model_external_initializers_file_folder_path: '/' } },
  });
  const T = Math.max(...texts.map((text) => text.length));
  const ids = texts.flatMap((text) => Array.from({ length: T }, (_, t) => BigInt(text[t] ?? 0)));
  const feeds = { [IDS]: new Tensor('int64', BigInt64Array.from(ids), [texts.length, T]) };
  const { data, dims } = (await session.run(feeds))[HIDDEN]!;
  await session.release();
  const d = dims[2]!;
  return texts.map((text, b) => text.map((_, t) => (data as Float32Array).slice((b * T + t) * d, (b * T + t + 1) * d)));
}

/** The loss of each id but the first, by the checkpoint's own head, in float64. */
export function lossesOf(
  { config, architecture, tensors }: Family,
  hidden: readonly Float32Array[],
  ids: readonly number[],
): readonly number[] {
  const { tensor: head } = headOf(config, architecture, tensors, architecture);
  const { path, dtype, offset, bytes } = tensors.get(head.name)!;
  const rows = toFloat32(readFileSync(path).subarray(offset, offset + bytes), dtype);
  const [V, d] = head.shape as [number, number];
  return ids.slice(1).map((target, t) => {
    const logits = Array.from({ length: V }, (_, v) => {
      let sum = 0;
      for (let i = 0; i < d; i++) sum += rows[v * d + i]! * hidden[t]![i]!;
      return sum;
    });
    const largest = Math.max(...logits);
    return largest + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - largest), 0)) - logits[target]!;
  });
}

/** float32 against float64 over two layers of random weights, 1,024 positions: 2e-6 is the worst seen. */
const HIDDEN_ERROR = 1e-5;

/** The states that `golden` knows are as it has them. */
export function assertAgrees(hidden: readonly Float32Array[], golden: Golden): void {
  for (const [position, expected] of Object.entries(golden.hidden)) {
    const state = hidden[Number(position)];
    if (state === undefined) continue;
    const error = relativeError(state, expected);
    assert.ok(error <= HIDDEN_ERROR, `hidden state ${position} is off by ${error}`);
  }
}

/** |a − b| / |b| */
export function relativeError(a: ArrayLike<number>, b: readonly number[]): number {
  return Math.hypot(...b.map((x, i) => a[i]! - x)) / Math.hypot(...b);
}
