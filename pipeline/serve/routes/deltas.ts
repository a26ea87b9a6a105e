import { z } from 'zod';
import { route } from '../route.ts';

export const delta = z.strictObject({
  id: z.string(),
  base: z.string(),
  tuned: z.string(),
  norm: z.number().describe('|D|'),
  relativeNorm: z.number().describe('|D| / |W0|'),
  measurement: z.string(),
  keep: z.int().describe('best documents kept'),
  documents: z.int().describe('documents scored'),
  best: z.number().nullable().describe('best score'),
});

export const deltas = route({
  path: '/api/deltas',
  summary: 'The deltas that documents are scored against',
  reply: z.strictObject({ items: z.array(delta) }),
  handle: (_, __, { view, quantiles }) => ({
    items: view.store.deltas().map(({ id, base, tuned, norm, baseNorm, measurement, keep }) => ({
      id,
      base,
      tuned,
      norm,
      relativeNorm: norm / baseNorm,
      measurement,
      keep,
      documents: quantiles(id).count,
      best: view.page(id, 1)[0]?.score ?? null,
    })),
  }),
});
