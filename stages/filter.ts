/** Lets documents through that pass every filter, one after the other. */
import { Drop, type Outcome, type Stage } from '../pipeline/contract.ts';
import type { Document } from '../schemas/types.ts';
import type { NamedFilter } from './filters/filters.ts';

/** The reason of a drop is filter:rule, of the first filter that it does not pass. */
export function filter(filters: readonly NamedFilter[]): Stage<Document, Document> {
  function judgeAll(document: Document): Outcome<Document> {
    let judged = document;
    for (const { name, judge } of filters) {
      const found = judge(judged);
      if ('broken' in found) return new Drop(`${name}:${found.broken}`);
      judged = found;
    }
    return [judged];
  }

  return { name: 'filter', process: (batch) => batch.map(judgeAll) };
}
