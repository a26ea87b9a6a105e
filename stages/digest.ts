/** What a rule's limit held, as one alert. */
import type { Stage } from '../pipeline/contract.ts';
import type { Alert } from '../schemas/types.ts';

/** Documents listed; the others are counted. */
const LISTED = 100;
const NO_SIGNATURE = new Int32Array();

/** Of each rule and delta in the batch one digest, with the last of its alerts; its numbers are those of the best one. */
export function digest(clock: () => number): Stage<Alert, Alert> {
  return {
    name: 'digest',
    process(batch) {
      const groups = Map.groupBy(batch, groupOf);
      return batch.map((one) => {
        const group = groups.get(groupOf(one))!;
        return group.at(-1) === one ? [digestOf(group, clock())] : [];
      });
    },
  };
}

function groupOf({ rule, delta }: Alert): string {
  return `${rule}/${delta}`;
}

function digestOf(alerts: readonly Alert[], at: number): Alert {
  const best = alerts.reduce((top, one) => (one.value > top.value ? one : top));
  const lines = alerts
    .slice(0, LISTED)
    .map(({ id, document, url, value }) => `${JSON.stringify({ id, document, url, value })}\n`);
  return {
    ...best,
    id: `digest/${best.rule}/${alerts[0]!.id}`,
    kind: 'digest',
    signature: NO_SIGNATURE,
    held: '',
    count: alerts.reduce((sum, { count }) => sum + count, 0),
    digest: lines.join(''),
    at,
  };
}
