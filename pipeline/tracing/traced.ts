/** Handlers and stages whose batches are spans; as they are where nobody traces. */
import type { Handle, Stage } from '../contract.ts';
import type { Spans } from './spans.ts';

export function tracedHandle(handle: Handle, spans: Spans | undefined): Handle {
  if (spans === undefined) return handle;
  return (batch, signal) => spans.batch(batch, () => handle(batch, signal));
}

export function tracedStage<In, Out>(stage: Stage<In, Out>, spans: Spans | undefined): Stage<In, Out> {
  if (spans === undefined) return stage;
  return {
    ...stage,
    process: (batch, signal) => spans.stage(stage.name, batch.length, () => stage.process(batch, signal)),
  };
}
