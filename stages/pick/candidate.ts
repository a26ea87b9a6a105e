/** What picking knows of a document that was scored. */
import type { Score } from '../../schemas/types.ts';

export type Candidate = Pick<
  Score,
  | 'key'
  | 'id'
  | 'url'
  | 'label'
  | 'ranking'
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
