/** How the scores of a delta are spread over all documents: those that were scored, and those that were estimated since. */
import { type QuantileSketch, quantileSketch } from './math/quantile.ts';
import { STATE } from './select.ts';

export interface Distribution {
  readonly sketch: QuantileSketch;
  /** How many of its documents were estimated from replay records. */
  readonly estimated: number;
}

/** @param state a running value of the delta in the store */
export function distributionOf(state: (name: string) => Uint8Array | undefined): Distribution {
  const sketch = quantileSketch(state(STATE.quantiles));
  const replayed = state(STATE.replayed);
  if (replayed === undefined) return { sketch, estimated: 0 };
  const past = quantileSketch(replayed);
  sketch.merge(past);
  return { sketch, estimated: past.count };
}
