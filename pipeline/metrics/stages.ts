/** Time in legs, stages and the session, as scans and workers have it. */
import type { Gradients } from '../../schemas/types.ts';
import type { StageWatch } from '../legs/timed.ts';
import type { RunWatch } from '../target/timed-session.ts';
import type { ProcessMetrics } from './register.ts';

export interface BatchWatch {
  readonly stages: StageWatch;
  readonly runs: RunWatch;
  /** Documents left the gradient stage. */
  measured(documents: readonly Pick<Gradients, 'tokens'>[]): void;
  /** A leg has handled a batch. */
  batch(leg: string, batch: { readonly messages: number; readonly tookMs: number }): void;
}

/** @param now milliseconds on a clock that never goes back */
export function watchBatches({ counter, histogram }: ProcessMetrics, now: () => number): BatchWatch {
  const sizes = histogram('deltasift_batch_messages');
  const took = histogram('deltasift_batch_seconds');
  const inStage = histogram('deltasift_stage_seconds');
  const ran = counter('deltasift_session_seconds_total');
  const waited = counter('deltasift_session_queue_seconds_total');
  const runs = counter('deltasift_session_runs_total');
  const scored = counter('deltasift_tokens_total');

  return {
    stages: { now, took: (stage, ms) => inStage.observe({ stage }, ms / 1000) },
    runs: {
      now,
      ran(run) {
        runs.inc();
        ran.inc(run.ranMs / 1000);
        waited.inc(run.waitedMs / 1000);
      },
    },
    measured(documents) {
      for (const { tokens } of documents) scored.inc(tokens.reduce((sum, n) => sum + n, 0));
    },
    batch(leg, { messages, tookMs }) {
      sizes.observe({ leg }, messages);
      took.observe({ leg }, tookMs / 1000);
    },
  };
}
