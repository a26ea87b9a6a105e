/** A delta of a cluster, in a store. */
import type { Delta } from '../../schemas/types.ts';
import type { Store } from '../store/store.ts';

/** Adds it where it is not there, and has it paused as it is there. @param scan name of the scan whose documents it is scored against */
export function keepDelta(store: Store, delta: Delta, scan: string): void {
  const { id, base, tuned, norm, baseNorm, measurement, keep, rankBy } = delta;
  const known = store.deltas().find((one) => one.id === id);
  if (known === undefined) store.addDelta({ id, base, tuned, norm, baseNorm, measurement, keep, rankBy }, scan);
  const paused = delta.state === 'paused';
  if ((known?.paused ?? false) !== paused) store.pauseDelta(id, paused);
}
