import { z } from 'zod';
import { route } from '../route.ts';

export const counters = route({
  path: '/api/counters',
  summary: 'Documents by stage and what became of them there: in = out + dropped + rejected',
  reply: z.strictObject({
    items: z.array(
      z.strictObject({
        stage: z.string(),
        outcome: z.enum(['in', 'out', 'dropped', 'rejected']),
        code: z.string().describe('reason of a drop, code of a reject; empty elsewhere'),
        n: z.int(),
      }),
    ),
  }),
  handle: (_, __, { view }) => ({
    items: view.store.counts().map(({ stage, outcome, code, n }) => ({ stage, outcome, code, n })),
  }),
});
