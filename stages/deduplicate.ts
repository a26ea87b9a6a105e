/** Lets the first document of each key through. */
import { Drop, type Stage } from '../pipeline/contract.ts';
import type { Document } from '../schemas/types.ts';

/** Keys let through that the store may not know yet: more than a few batches are never on their way. */
const RECENT = 4096;

/**
 * @param seen whether the store has the key already
 * @param again whether this key was sent again on purpose: true once for each time that it was
 */
export function deduplicate(
  seen: (key: string) => boolean,
  again: (key: string) => boolean = () => false,
): Stage<Document, Document> {
  const recent = new Set<string>();

  function first(key: string): boolean {
    if (!again(key) && (recent.has(key) || seen(key))) return false;
    recent.add(key);
    if (recent.size > RECENT) for (const known of recent) if (seen(known)) recent.delete(known);
    return true;
  }

  return {
    name: 'deduplicate',
    process: (batch) => batch.map((document) => (first(document.key) ? [document] : new Drop('duplicate'))),
  };
}
