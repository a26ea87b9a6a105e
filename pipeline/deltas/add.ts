/** A delta into a store, from where its scan takes it up with the next batch. */
import type { Layers } from '../../stages/checkpoint/tuning.ts';
import { openTuning } from '../../stages/checkpoint/tuning.ts';
import { bodyOf } from '../../stages/graph/families.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import type { KeptDelta, Store } from '../store/store.ts';
import { openSides } from '../target/target.ts';
import { refuseRiders } from './riders.ts';

export interface DeltaToAdd {
  /** The tuned side: a folder, hf:org/model@revision, https://... or an adapter. */
  readonly tuned: string;
  /** The delta whose scan it joins, or enough of its id; by default that of the only scan. */
  readonly beside?: string | undefined;
  readonly offline?: boolean | undefined;
}

/**
 * It is measured as the store's others are, against the same base.
 *
 * @throws CheckpointError where a checkpoint is refused
 * @throws ConfigError where the store has no scan that it can join, or has the delta already
 */
export async function addDelta(
  store: Store,
  { tuned, beside, offline }: DeltaToAdd,
  environment: Environment,
  signal: AbortSignal,
): Promise<KeptDelta> {
  const host = hostOf(store.deltas(), beside);
  const measurement = store.measurement();
  if (measurement === undefined) throw new ConfigError('the store has no measurement yet: scan something first');
  refuseRiders(measurement);
  const { base, tuned: side } = await openSides({ base: host.base, tuned, offline }, environment, signal);
  const layers = measurement.fields['layers'] as Layers;
  const lastMlp = layers === 'head' ? undefined : bodyOf(base).lastMlp;
  const { id, norm, baseNorm } = await openTuning(base, side, { layers, lastMlp }, signal);
  const known = store.deltas().find((delta) => delta.id === id);
  if (known !== undefined) throw new ConfigError(`the store has this delta already: ${id}, ${known.tuned}`);
  const { keep, rankBy, scan } = host;
  store.addDelta({ id, base: base.ref, tuned, norm, baseNorm, measurement: measurement.id, keep, rankBy }, scan);
  return store.deltas().find((delta) => delta.id === id)!;
}

function hostOf(deltas: readonly KeptDelta[], beside: string | undefined): KeptDelta {
  const named = deltas.filter(({ id }) => id.startsWith(beside ?? ''));
  const scans = new Set(named.map(({ scan }) => scan));
  const [first] = named;
  if (first !== undefined && scans.size === 1) return first;
  if (deltas.length === 0)
    throw new ConfigError('the store holds no delta yet: `deltasift scan` puts the first one there');
  const list = deltas.map(({ id, base, tuned }) => `\n  ${id}  ${base} -> ${tuned}`).join('');
  throw new ConfigError(
    `--beside: expected one of the deltas whose scan it is to join, got ${beside ?? 'none'}; the store holds:${list}`,
  );
}
