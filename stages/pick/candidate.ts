/** What picking knows of a document that was scored. */
import type { Score } from '../../schemas/types.ts';

export type Candidate = Pick<
  Score,
  | 'key'
  | 'id'
  | 'url'
  | 'label'
  | 'score'
  | 'alignment'
  | 'gradientNorm'
  | 'loss'
  | 'lossTunedHead'
  | 'tokens'
  | 'ids'
  | 'text'
>;
