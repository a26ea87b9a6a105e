/** A score as `--scores` and `top` print it. */
import { consistencyOf } from '../../schemas/consistency.ts';
import type { Score } from '../../schemas/types.ts';

/** In the order printed. */
export const SCORE_FIELDS = [
  'id',
  'url',
  'score',
  'alignment',
  'gradientNorm',
  'loss',
  'lossTunedHead',
  'tokens',
  'window',
  'windows',
  'meanAlignment',
  'cosine',
  'lossTuned',
  'label',
  'consistency',
  'ranking',
] as const;

export type ScoreLine = Readonly<Record<(typeof SCORE_FIELDS)[number], string | number | null>>;

/** A line's `score` is the cosine, whatever ranks; `ranking` is what the message calls its score. */
export function scoreLine(score: Score): ScoreLine {
  const derived = {
    score: score.cosine,
    consistency: consistencyOf(score.tokenAlignment),
    ranking: score.ranking,
  };
  const all = { ...score, ...derived };
  return Object.fromEntries(SCORE_FIELDS.map((field) => [field, all[field]])) as ScoreLine;
}
