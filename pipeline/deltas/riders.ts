/** Deltas that are scored against another one's scan: they share its forward pass. */
import { openTuning, type Tuning } from '../../stages/checkpoint/tuning.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import type { Measurement } from '../store/store.ts';
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

/** Whether a measurement is of one delta alone: where the gradient is taken, or what is asked, depends on its tuned model. */
export function standsAlone({ fields }: Pick<Measurement, 'fields'>): boolean {
  return !(fields['at'] === 'base' && fields['delta'] === undefined && fields['tuned'] === undefined);
}

/** @throws ConfigError where the store's measurement is one of its own delta alone */
export function refuseRiders(measurement: Measurement): void {
  if (!standsAlone(measurement)) return;
  throw new ConfigError(
    'the store measures at its own tuned model (--at, --tuned-model), which other deltas do not share: scan them into a store of their own',
  );
}

/**
 * Opens the active ones of the deltas that are scored with `target`, its own first. One that cannot be opened is left out, and said.
 *
 * @param leftOut told of those, and why
 */
export async function activeDeltas(
  active: readonly { readonly id: string; readonly tuned: string }[],
  target: Target,
  { environment, note }: { readonly environment: Environment; note(sentence: string): void },
  signal: AbortSignal,
  leftOut: (id: string, why: string) => void = () => undefined,
): Promise<readonly Tuning[]> {
  const leaveOut = (id: string, why: string) => {
    note(`delta ${id} is left out: ${why}`);
    leftOut(id, why);
  };
  const own = active.filter(({ id }) => id === target.delta.id).map(() => target.delta);
  const riders: Tuning[] = [];
  for (const { id, tuned } of active) {
    if (id === target.delta.id) continue;
    try {
      const rider = await openRider(tuned, target, environment, signal);
      if (rider.id === id) riders.push(rider);
      else leaveOut(id, `${tuned} is not what it was when the delta was added`);
    } catch (error) {
      signal.throwIfAborted();
      leaveOut(id, error instanceof Error ? error.message : String(error));
    }
  }
  return [...own, ...riders];
}
