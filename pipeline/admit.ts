/** What a document has to pass before anything is computed of it. */
import type { Document } from '../schemas/types.ts';
import { deduplicate } from '../stages/deduplicate.ts';
import { filter } from '../stages/filter.ts';
import type { NamedFilter } from '../stages/filters/filters.ts';
import type { Stage } from './contract.ts';

export interface Admission {
  /** Whether the document of this key was handled before. */
  readonly seen: (key: string) => boolean;
  /** Whether it was sent again on purpose; true once for each time that it was. */
  readonly again?: (key: string) => boolean;
  readonly filters: readonly NamedFilter[];
}

/** Stages that ask for nothing are left out: they would count and do nothing. */
export function admit({ seen, again, filters }: Admission): readonly Stage<Document, Document>[] {
  return [deduplicate(seen, again), ...(filters.length === 0 ? [] : [filter(filters)])];
}
