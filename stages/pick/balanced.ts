/** Equal shares of every class. */
import type { Classes } from '../math/greedy.ts';
import type { Candidate } from './candidate.ts';

type Labelled = Pick<Candidate, 'label'>;

/**
 * How many of n each class may have: the same number, one more for the first classes where n does not divide, and what a class
 * lacks goes to those that have more. Documents without a label are a class.
 */
export function quotas(documents: readonly Labelled[], n: number): ReadonlyMap<string | null, number> {
  const sizes = new Map<string | null, number>();
  for (const { label } of documents) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  const classes = [...sizes].sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1));
  const shares = new Map<string | null, number>(classes.map(([label]) => [label, 0]));
  let left = Math.min(n, documents.length);
  while (left > 0) {
    const open = classes.filter(([label, size]) => shares.get(label)! < size);
    const each = Math.max(1, Math.floor(left / open.length));
    for (const [label, size] of open) {
      const more = Math.min(each, size - shares.get(label)!, left);
      shares.set(label, shares.get(label)! + more);
      left -= more;
    }
  }
  return shares;
}

/** The first documents of every class, in the order given. */
export function balanced<D extends Labelled>(documents: readonly D[], n: number): readonly D[] {
  const left = new Map(quotas(documents, n));
  return documents.filter(({ label }) => {
    const open = left.get(label)!;
    left.set(label, open - 1);
    return open > 0;
  });
}

/** The same for greedy: the class of each document as a number, and what each may give. */
export function classesOf(documents: readonly Labelled[], n: number): Classes {
  const shares = quotas(documents, n);
  const numbers = new Map([...shares.keys()].map((label, i) => [label, i]));
  return { of: documents.map(({ label }) => numbers.get(label)!), quotas: [...shares.values()] };
}
