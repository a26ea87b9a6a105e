import { Drop, type Outcome, Reject } from '../contract.ts';

/** The values that go on. */
export function passed<Out>(outcomes: readonly Outcome<Out>[]): readonly Out[] {
  return outcomes.flatMap((outcome) => (outcome instanceof Reject || outcome instanceof Drop ? [] : outcome));
}
