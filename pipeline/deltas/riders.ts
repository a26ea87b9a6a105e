/** Deltas that are scored against another one's scan: they share its forward pass. */
import { openTuning, type Tuning } from '../../stages/checkpoint/tuning.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import type { Measurement, Store } from '../store/store.ts';
import { openSides, type Target } from '../target/target.ts';

/** Of the target's base, by the same layers. @throws CheckpointError where it is refused */
export async function openRider(
  tuned: string,
  { base, body, delta }: Pick<Target, 'base' | 'body'> & { readonly delta: Pick<Tuning, 'layers'> },
  environment: Environment,
  signal: AbortSignal,
): Promise<Tuning> {
  const { tuned: side } = await openSides({ base: base.ref, tuned }, environment, signal);
  return openTuning(base, side, { layers: delta.layers, lastMlp: body.lastMlp }, signal);
}

/** @throws ConfigError where the store's measurement is one of its own delta alone */
export function refuseRiders({ fields }: Measurement): void {
  if (fields['at'] === 'base' && fields['delta'] === undefined && fields['tuned'] === undefined) return;
  throw new ConfigError(
    'the store measures at its own tuned model (--at, --tuned-model), which other deltas do not share: scan them into a store of their own',
  );
}

/**
 * The deltas that the scan of `target` scores now, its own first. One that cannot be opened is left out, and said.
 */
export async function activeDeltas(
  store: Store,
  target: Target,
  { environment, note }: { readonly environment: Environment; note(sentence: string): void },
  signal: AbortSignal,
): Promise<readonly Tuning[]> {
  const active = store.deltas().filter(({ scan, paused }) => scan === target.delta.id && !paused);
  const own = active.filter(({ id }) => id === target.delta.id).map(() => target.delta);
  const riders: Tuning[] = [];
  for (const { id, tuned } of active) {
    if (id === target.delta.id) continue;
    try {
      const rider = await openRider(tuned, target, environment, signal);
      if (rider.id === id) riders.push(rider);
      else note(`delta ${id} is left out: ${tuned} is not what it was when the delta was added`);
    } catch (error) {
      signal.throwIfAborted();
      note(`delta ${id} is left out: ${error instanceof Error ? error.message : error}`);
    }
  }
  return [...own, ...riders];
}
