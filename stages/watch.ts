/** What rules look at of a score, without what only picking a set needs: of every score that a rule is about. */
import { Drop, type Stage } from '../pipeline/contract.ts';
import type { Score } from '../schemas/types.ts';
import type { Rule } from './alert/rule.ts';

/** Characters of a document that an alert begins with. */
export const TEXT = 500;
const NOTHING = new Float32Array();

/** Scores of deltas that no rule is about go no further; of the others every one does, since distributions are made of all. */
export function watch(rules: readonly Pick<Rule, 'delta'>[]): Stage<Score, Score> {
  return {
    name: 'watch',
    process: (batch) =>
      batch.map((score) => {
        if (!rules.some(({ delta }) => score.delta.startsWith(delta))) return new Drop('unwatched');
        const text = score.text.slice(0, TEXT).toWellFormed();
        return [{ ...score, text, sketch: NOTHING, tokenAlignment: NOTHING }];
      }),
  };
}
