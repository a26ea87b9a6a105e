/** A stage that tells what it lets through. */
import type { Stage } from '../contract.ts';
import { passed } from './passed.ts';

export function observed<In, Out>(stage: Stage<In, Out>, tell: (values: readonly Out[]) => void): Stage<In, Out> {
  return {
    ...stage,
    async process(batch, signal) {
      const outcomes = await stage.process(batch, signal);
      tell(passed(outcomes));
      return outcomes;
    },
  };
}
