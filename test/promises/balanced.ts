import type { Count } from '../../schemas/types.ts';

/** Whether in = out + dropped + rejected, at every stage. */
export function balanced(counts: readonly Count[]): boolean {
  const sum = (stage: string, ...outcomes: readonly Count['outcome'][]) =>
    counts
      .filter((count) => count.stage === stage && outcomes.includes(count.outcome))
      .reduce((total, { n }) => total + n, 0);
  return counts.every(({ stage }) => sum(stage, 'in') === sum(stage, 'out', 'dropped', 'rejected'));
}
