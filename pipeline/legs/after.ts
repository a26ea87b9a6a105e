/** A stage that first waits until what its batch speaks of is known. */
import type { Outcome, Stage } from '../contract.ts';

/** Batches keep their order, also where only some of them have to wait. */
export function after<In, Out>(
  stage: Stage<In, Out>,
  known: (batch: readonly In[], signal: AbortSignal) => Promise<void> | undefined,
): Stage<In, Out> {
  let turn: Promise<unknown> = Promise.resolve();
  return {
    ...stage,
    process(batch, signal) {
      const own = turn.then(async (): Promise<readonly Outcome<Out>[]> => {
        await known(batch, signal);
        return stage.process(batch, signal);
      });
      turn = own.catch(() => undefined);
      return own;
    },
  };
}
