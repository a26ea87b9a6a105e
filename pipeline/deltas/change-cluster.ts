/** Deltas of a cluster added, paused, resumed and removed: its workers take that up between two batches. */
import type { Delta } from '../../schemas/types.ts';
import type { Layers } from '../../stages/checkpoint/tuning.ts';
import { openTuning } from '../../stages/checkpoint/tuning.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import type { DeltaSet } from '../kafka/delta-set.ts';
import { openSides } from '../target/target.ts';
import type { DeltaToAdd } from './add.ts';

/** Seconds since 1970. */
type Clock = () => number;

/**
 * It is measured as the others are. One that was removed, or is there and its checkpoint has moved, is put anew.
 *
 * @throws CheckpointError where a checkpoint is refused
 * @throws ConfigError where no worker has said yet how documents are measured, or in several ways, or the cluster has it already
 */
export async function addToCluster(
  set: DeltaSet,
  { tuned, beside, offline }: DeltaToAdd,
  { environment, clock }: { readonly environment: Environment; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Delta> {
  const host = hostOf(set, beside);
  const { base, tuned: side } = await openSides({ base: host.base, tuned, offline }, environment, signal);
  const layers = host.layers as Layers;
  const lastMlp = layers === 'head' ? undefined : bodyOf(base).lastMlp;
  const { id, norm, baseNorm } = await openTuning(base, side, { layers, lastMlp }, signal);
  const known = set.get(id);
  if (known !== undefined && known.state !== 'removed' && known.tuned === tuned) {
    throw new ConfigError(`the cluster has this delta already: ${id}, ${known.tuned}, ${known.state}`);
  }
  const changedAt = new Date(clock() * 1000).toISOString();
  await set.put({ ...host, id, tuned, norm, baseNorm, state: 'active', changedAt }, signal);
  return set.get(id)!;
}

/** @throws ConfigError where none, or more than one, has an id that begins so */
export async function changeOnCluster(
  set: DeltaSet,
  asked: string,
  state: 'active' | 'paused' | 'removed',
  clock: Clock,
  signal: AbortSignal,
): Promise<Delta> {
  const there = present(set);
  const [meant, ...others] = there.filter(({ id }) => id.startsWith(asked));
  if (meant === undefined || others.length > 0) {
    throw new ConfigError(
      `expected the id of a delta, or enough of its beginning, got ${asked}; the cluster has:${lines(there)}`,
    );
  }
  await set.put({ ...meant, state, changedAt: new Date(clock() * 1000).toISOString() }, signal);
  return set.get(meant.id)!;
}

/** Those that were not removed. */
export function present(set: DeltaSet): readonly Delta[] {
  return set.all().filter(({ state }) => state !== 'removed');
}

/** The delta that says how another one is measured: that of a worker may have been removed since. */
function hostOf(set: DeltaSet, beside: string | undefined): Delta {
  const there = present(set);
  const all = there.length > 0 ? there : set.all();
  const named = all.filter(({ id }) => id.startsWith(beside ?? ''));
  const [first] = named;
  if (first === undefined && beside === undefined) {
    throw new ConfigError('no worker has said yet how it measures: start one, `deltasift worker`');
  }
  if (first === undefined || new Set(named.map(({ measurement }) => measurement)).size > 1) {
    throw new ConfigError(
      `--beside: expected one of the deltas whose measurement it is to share, got ${beside ?? 'none'}; the cluster has:${lines(all)}`,
    );
  }
  if (!first.alone) return first;
  throw new ConfigError(
    `the workers measure at the tuned model of ${first.id} (--at, --tuned-model, --task), which other deltas do not share: give them a --prefix of their own`,
  );
}

function lines(deltas: readonly Delta[]): string {
  return deltas.length === 0 ? ' none' : deltas.map(({ id, base, tuned }) => `\n  ${id}  ${base} -> ${tuned}`).join('');
}
