import { z } from 'zod';
import type { KeptDelta } from '../../store/store.ts';
import { route } from '../route.ts';
import type { Served } from '../served.ts';

export const delta = z.strictObject({
  id: z.string(),
  base: z.string(),
  tuned: z.string(),
  norm: z.number().describe('|D|'),
  relativeNorm: z.number().describe('|D| / |W0|'),
  measurement: z.string(),
  rankBy: z.string().describe('what documents are ranked by'),
  scan: z.string().describe('the delta whose scan it is scored with'),
  paused: z.boolean().describe('scans leave it out for now'),
  keep: z.int().describe('best documents kept'),
  documents: z.int().describe('documents scored, or estimated'),
  estimated: z.int().describe('of these, estimated from what was kept of documents before it was known'),
  best: z.number().nullable().describe('highest ranking'),
});

export const deltas = route({
  path: '/api/deltas',
  summary: 'The deltas that documents are scored against',
  reply: z.strictObject({
    items: z.array(delta),
    roots: z
      .array(z.string())
      .describe('what a tuned checkpoint has to lie under to be added here; empty: none may be'),
  }),
  handle: (_, __, served) => ({
    items: served.view.store.deltas().map((one) => deltaLine(one, served)),
    roots: [...served.desk.roots],
  }),
});

export function deltaLine(
  { id, base, tuned, norm, baseNorm, measurement, rankBy, scan, paused, keep }: KeptDelta,
  { view, quantiles, estimated }: Served,
): z.infer<typeof delta> {
  return {
    id,
    base,
    tuned,
    norm,
    relativeNorm: norm / baseNorm,
    measurement,
    rankBy,
    scan,
    paused,
    keep,
    documents: quantiles(id).count,
    estimated: estimated(id),
    best: view.page(id, 1)[0]?.ranking ?? null,
  };
}
