import { z } from 'zod';
import { route } from '../route.ts';

export const rules = route({
  path: '/api/rules',
  summary:
    'The rules that documents are held to: what each asks for now, or how far it is from arming, and what it found',
  reply: z.strictObject({
    items: z.array(
      z.strictObject({
        rule: z.string(),
        delta: z.string(),
        measure: z.string(),
        armed: z.boolean(),
        seen: z.int().describe('documents that its distribution is made of'),
        needed: z.int().nullable().describe('documents before it arms; null once it has'),
        threshold: z.number().nullable(),
        low: z
          .number()
          .nullable()
          .describe('where the threshold would lie had other documents of their kind come, at .95'),
        high: z.number().nullable(),
        rate: z.number().nullable().describe('share of documents that pass; 0 where the threshold is a fixed value'),
        extrapolated: z.boolean(),
      }),
    ),
    found: z.array(z.strictObject({ rule: z.string(), held: z.string(), n: z.int() })),
  }),
  handle: (_, __, { view }) => ({
    items: view.store.alerts.rules().map((rule) => ({ ...rule })),
    found: view.store.alerts.counts().map((count) => ({ ...count })),
  }),
});
