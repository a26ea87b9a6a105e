/** A stage whose batches are timed, and are spans, where somebody wants to know. */
import type { Stage } from '../contract.ts';
import type { Spans } from '../tracing/spans.ts';
import { tracedStage } from '../tracing/traced.ts';
import { type StageWatch, timed } from './timed.ts';

export interface Watching {
  /** Told how long batches take in each stage. */
  readonly watch?: StageWatch | undefined;
  readonly spans?: Spans | undefined;
}

export function watched<In, Out>(stage: Stage<In, Out>, { watch, spans }: Watching): Stage<In, Out> {
  return tracedStage(timed(stage, watch), spans);
}
