/** What rules would have sent of the documents that a store keeps. */
import type { Alert, Score } from '../../schemas/types.ts';
import type { Rule } from '../../stages/alert/rule.ts';
import { alert } from '../../stages/alert.ts';
import { type Matched, match } from '../../stages/match.ts';
import type { Store } from '../store/store.ts';
import { ruleState } from './rule-state.ts';

export interface Simulated {
  /** In the order of their dates; with what would have been held, and why. */
  readonly alerts: readonly Alert[];
  /** What is not in it, each a sentence. */
  readonly notes: readonly string[];
}

type In = { readonly score: Score };

/**
 * Thresholds are as they are now. Documents are taken by the date at which they were fetched, those without one first.
 *
 * @param since ISO 8601: only documents fetched then or later
 */
export async function simulate(
  store: Store,
  rules: readonly Rule[],
  since: string | undefined,
  signal: AbortSignal,
): Promise<Simulated> {
  const notes: string[] = [];
  const all: Alert[] = [];
  const from = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  for (const { id, keep } of store.deltas()) {
    const kept = store.top(id, keep);
    const dated = kept.filter((score) => timeOf(score) >= from);
    const undated = since === undefined ? 0 : kept.filter(({ fetchedAt }) => fetchedAt === null).length;
    if (undated > 0)
      notes.push(`${undated} documents of delta ${id.slice(0, 12)} have no date of their own, and are left out`);
    if (kept.length === keep)
      notes.push(`of delta ${id.slice(0, 12)} the best ${keep} documents are kept: no others are looked at`);
    const order = dated.toSorted((a, b) => timeOf(a) - timeOf(b) || (a.key < b.key ? -1 : 1));
    const times = new Map(order.map((score) => [score.key, Math.max(0, timeOf(score) / 1000)]));
    const saved = (name: string) => (/^(calibration)\//.test(name) ? ruleState(store, name) : undefined);
    const matched = await match<In>({ rules, clock: () => 0, saved }).process(
      order.map((score) => ({ score })),
      signal,
    );
    const found = (matched as readonly (readonly (In & Matched)[])[]).flat().map((one) => ({
      alerts: one.alerts.map((each) => ({ ...each, at: times.get(each.key)! })),
      states: [],
    }));
    const told = await alert<Matched>({ rules, saved: () => undefined }).process(found, signal);
    all.push(...(told as readonly (readonly Matched[])[]).flat().flatMap(({ alerts }) => alerts));
  }
  return { alerts: all, notes };
}

function timeOf({ fetchedAt }: Pick<Score, 'fetchedAt'>): number {
  return fetchedAt === null ? Number.NEGATIVE_INFINITY : Date.parse(fetchedAt);
}
