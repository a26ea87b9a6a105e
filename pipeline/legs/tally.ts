/** Adds up what became of documents. */
import type { Count } from '../../schemas/types.ts';

export interface Tally {
  /** `n` documents more; `code` is the reason of a drop or the code of a reject. */
  add(stage: string, outcome: Count['outcome'], code?: string, n?: number): void;
  /** `n` documents more went into each of these stages and out of it. */
  pass(stages: readonly string[], n?: number): void;
  counts(): readonly Count[];
}

export function tally(): Tally {
  const counts = new Map<string, Count>();

  function add(stage: string, outcome: Count['outcome'], code = '', n = 1): void {
    const id = `${stage} ${outcome} ${code}`;
    counts.set(id, { stage, outcome, code, n: (counts.get(id)?.n ?? 0) + n });
  }

  return {
    add,
    pass(stages, n = 1) {
      for (const stage of stages) {
        add(stage, 'in', '', n);
        add(stage, 'out', '', n);
      }
    },
    counts: () => [...counts.values()],
  };
}

/** Whether a counter counts documents on their way to the store, rather than what is told of them. */
export function isOfDocuments({ stage }: Pick<Count, 'stage'>): boolean {
  return stage !== 'watch' && stage !== 'digest' && !stage.startsWith('notify.');
}
