/** A score as `--scores` and `top` print it. */
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
] as const satisfies readonly (keyof Score)[];

export type ScoreLine = Pick<Score, (typeof SCORE_FIELDS)[number]>;

export function scoreLine(score: ScoreLine): ScoreLine {
  return Object.fromEntries(SCORE_FIELDS.map((field) => [field, score[field]])) as unknown as ScoreLine;
}
