/** A stage whose time is told. */
import type { Stage } from '../contract.ts';

export interface StageWatch {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** A batch took so long in a stage. */
  took(stage: string, ms: number): void;
}

export function timed<In, Out>(stage: Stage<In, Out>, watch: StageWatch | undefined): Stage<In, Out> {
  if (watch === undefined) return stage;
  return {
    ...stage,
    async process(batch, signal) {
      const start = watch.now();
      const outcomes = await stage.process(batch, signal);
      watch.took(stage.name, watch.now() - start);
      return outcomes;
    },
  };
}
