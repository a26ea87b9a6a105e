/** How much the legs of a topology have still to do. */
import type { Admin } from 'kafkajs';
import { lagOf } from '../kafka/lag.ts';
import type { LegPlan } from '../topology.ts';

export interface Backlog {
  readonly leg: string;
  readonly lag: number;
}

/** In the order of the legs: where all are 0, nothing is on its way between them either, since a leg's outputs come before its 0. */
export async function backlogOf(admin: Admin, prefix: string, plans: readonly LegPlan[]): Promise<readonly Backlog[]> {
  const all: Backlog[] = [];
  for (const { name, reads } of plans) {
    const partitions = await lagOf(admin, prefix + name, prefix + reads);
    all.push({ leg: name, lag: partitions.reduce((sum, { lag }) => sum + lag, 0) });
  }
  return all;
}
