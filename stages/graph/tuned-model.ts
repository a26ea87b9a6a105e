/** The whole tuned model, to be run beside the base in one graph. */
import { type Adapter, isAdapter } from '../checkpoint/adapter.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/error.ts';
import { tensorsHash } from '../checkpoint/measurement.ts';
import { refuseDifferentModels } from '../checkpoint/same-model.ts';
import { type Body, bodyOf } from './families.ts';
import type { TunedModel } from './model.ts';

export interface OpenedTunedModel {
  readonly model: TunedModel;
  /** Of all that says what it computes, sha-256 in hex; beside the base's where it is an adapter. */
  readonly hash: string;
}

/**
 * Fetches all of it.
 * @param body the base's
 * @throws CheckpointError where it is not a later state of the base, has fewer tokens, or adapts what the base's body does not have
 */
export async function openTunedModel(
  base: Checkpoint,
  body: Body,
  tuned: Checkpoint | Adapter,
  signal: AbortSignal,
): Promise<OpenedTunedModel> {
  if (isAdapter(tuned)) return { model: await adaptedModel(base, body, tuned, signal), hash: tuned.hash };
  refuseDifferentModels(base, tuned);
  const [[rows = 0], [tunedRows = 0]] = [base.head.shape, tuned.head.shape];
  if (tunedRows < rows) {
    throw new CheckpointError(
      `${tuned.ref}: has ${tunedRows} tokens and ${base.ref} has ${rows}: the tuned model has no loss for the others; leave it out`,
    );
  }
  const own = bodyOf(tuned);
  const names = [...own.tensors, tuned.head.name];
  const weights = await tuned.local(names, signal);
  return {
    model: { body: own, weights, head: weights.get(tuned.head.name)! },
    hash: await tensorsHash(tuned, names, signal),
  };
}

async function adaptedModel(base: Checkpoint, body: Body, adapter: Adapter, signal: AbortSignal): Promise<TunedModel> {
  const names = [...body.tensors, base.head.name];
  const met = new Set(names.map((name) => adapter.moduleOf(name)));
  const foreign = adapter.modules.find((module) => !met.has(module));
  if (foreign !== undefined) {
    throw new CheckpointError(`${adapter.ref}: adapts ${foreign}, and ${base.ref} has no weight of that name`);
  }
  const weights = await base.local(names, signal);
  return { body, weights, head: weights.get(base.head.name)!, less: (name) => adapter.delta(name) };
}
