/** The distribution of each delta's scores as gauges, of a bounded number of deltas. */
import type { Gauge } from 'prom-client';
import type { QuantileSketch } from '../../stages/math/quantile.ts';
import { DELTA_LABEL, MOST_DELTAS, QUANTILES } from './table.ts';

export interface ScoreGauges {
  readonly scored: Gauge<'delta'>;
  readonly quantiles: Gauge<'delta' | 'quantile'>;
}

export interface DeltaScores {
  /** Of the delta. */
  readonly id: string;
  readonly sketch: QuantileSketch;
}

/** Of the first ones by id: a label has no more values, however many deltas come and go. */
export function setScores({ scored, quantiles }: ScoreGauges, deltas: readonly DeltaScores[]): void {
  scored.reset();
  quantiles.reset();
  const shown = deltas.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, MOST_DELTAS);
  for (const { id, sketch } of shown) {
    const delta = id.slice(0, DELTA_LABEL);
    scored.set({ delta }, sketch.count);
    if (sketch.count === 0) continue;
    for (const q of QUANTILES) quantiles.set({ delta, quantile: String(q) }, sketch.quantile(q));
  }
}
