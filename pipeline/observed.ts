/** A stage that tells what it lets through. */
import { Drop, Reject, type Stage } from './contract.ts';

export function observed<In, Out>(stage: Stage<In, Out>, tell: (values: readonly Out[]) => void): Stage<In, Out> {
  return {
    ...stage,
    async process(batch, signal) {
      const outcomes = await stage.process(batch, signal);
      tell(outcomes.flatMap((outcome) => (outcome instanceof Reject || outcome instanceof Drop ? [] : outcome)));
      return outcomes;
    },
  };
}
