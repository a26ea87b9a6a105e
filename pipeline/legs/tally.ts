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

/** How many documents were scored, dropped and rejected in all. */
export function standOf(counts: readonly Count[]): Record<'scored' | 'dropped' | 'rejected', number> {
  const ofDocuments = counts.filter(isOfDocuments);
  const sum = (outcome: Count['outcome'], stage?: string) =>
    ofDocuments.reduce((n, one) => n + (one.outcome === outcome && (stage ?? one.stage) === one.stage ? one.n : 0), 0);
  return { scored: sum('out', 'score'), dropped: sum('dropped'), rejected: sum('rejected') };
}

/** Whether a counter counts documents on their way to the store, rather than what is told of them. */
export function isOfDocuments({ stage }: Pick<Count, 'stage'>): boolean {
  return stage !== 'watch' && stage !== 'digest' && !stage.startsWith('notify.');
}
