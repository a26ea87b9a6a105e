import { z } from 'zod';
import { topology as legsOf, STEPS } from '../../topology.ts';
import { route } from '../route.ts';

export const topology = route({
  path: '/api/topology',
  summary:
    'The stages from the crawl to the store, how many documents went into and out of each, and what waits between them',
  reply: z.strictObject({
    stages: z.array(
      z.strictObject({
        name: z.string(),
        in: z.int(),
        out: z.int(),
        dropped: z.int(),
        rejected: z.int(),
      }),
    ),
    waiting: z.array(z.strictObject({ topic: z.string(), group: z.string(), messages: z.int() })),
  }),
  handle(_, __, { view }) {
    const counts = view.store.counts();
    const names = [...new Set(counts.map(({ stage }) => stage))].sort((a, b) => placeOf(a) - placeOf(b));
    const sum = (stage: string, outcome: string) =>
      counts.reduce((total, count) => total + (count.stage === stage && count.outcome === outcome ? count.n : 0), 0);
    return {
      stages: names.map((name) => ({
        name,
        in: sum(name, 'in'),
        out: sum(name, 'out'),
        dropped: sum(name, 'dropped'),
        rejected: sum(name, 'rejected'),
      })),
      waiting: view.waiting().map((waiting) => ({ ...waiting })),
    };
  },
});

/** Stages of a leg that are no step stand where their step does. */
const ORDER: readonly string[] = [
  'crawl',
  'decode',
  'deduplicate',
  ...legsOf([...STEPS]).flatMap(({ steps }) => steps),
];

function placeOf(stage: string): number {
  const place = ORDER.indexOf(stage);
  return place === -1 ? ORDER.length : place;
}
