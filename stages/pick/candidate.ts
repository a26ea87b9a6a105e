/** What picking knows of a document that was scored. */
import type { Score } from '../../schemas/types.ts';

export type Candidate = Pick<
  Score,
  | 'key'
  | 'id'
  | 'url'
  | 'label'
  | 'score'
  | 'cosine'
  | 'alignment'
  | 'gradientNorm'
  | 'loss'
  | 'lossTunedHead'
  | 'lossTuned'
  | 'tokens'
  | 'ids'
  | 'text'
>;
