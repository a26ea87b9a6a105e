/** What a study found: a table whose cells are words, numbers, or numbers with their intervals. */
import type { Interval } from '../../stages/math/bootstrap.ts';

export type Cell = string | number | Interval | undefined;

export interface StudyColumn {
  readonly name: string;
  /** Behind the point. */
  readonly digits?: number;
}

export interface StudyResult {
  readonly study: string;
  readonly columns: readonly StudyColumn[];
  readonly rows: readonly (readonly Cell[])[];
  /** Each a sentence. */
  readonly notes: readonly string[];
}
