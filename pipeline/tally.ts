/** Adds up what became of the documents of a batch. */
import type { Count } from '../schemas/types.ts';

export interface Tally {
  /** One document more; `code` is the reason of a drop or the code of a reject. */
  add(stage: string, outcome: Count['outcome'], code?: string): void;
  counts(): readonly Count[];
}

export function tally(): Tally {
  const counts = new Map<string, Count>();
  return {
    add(stage, outcome, code = '') {
      const id = `${stage} ${outcome} ${code}`;
      counts.set(id, { stage, outcome, code, n: (counts.get(id)?.n ?? 0) + 1 });
    },
    counts: () => [...counts.values()],
  };
}
