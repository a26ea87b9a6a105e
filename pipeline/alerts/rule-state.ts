/** What the rules go on from, out of a store. */
import { seeded } from '../../stages/alert/calibration.ts';
import { distributionOf } from '../../stages/distribution.ts';
import { calibrationName } from '../../stages/match.ts';
import type { Store } from '../store/store.ts';

/** Of the best, so many are looked at one by one: those of the tail that a threshold is fitted to. */
const TAIL = 1000;

/** Where what ranks a delta's documents was counted before there were rules, its distribution is known from the first document on. */
export function ruleState(store: Store, name: string): Uint8Array | undefined {
  const saved = store.alerts.state(name);
  if (saved !== undefined) return saved;
  const delta = store.deltas().find(({ id }) => calibrationName(id, 'ranking') === name);
  if (delta === undefined) return undefined;
  const { sketch } = distributionOf((value) => store.state(delta.id, value));
  if (sketch.count === 0) return undefined;
  const best = store.top(delta.id, Math.min(TAIL, delta.keep));
  return seeded(
    Buffer.from(sketch.bytes()),
    best.map(({ ranking }) => ranking),
  );
}
