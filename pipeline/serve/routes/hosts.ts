import { z } from 'zod';
import { ofDelta, route } from '../route.ts';
import type { Served } from '../served.ts';
import { hostOf } from './document-line.ts';

const host = z.strictObject({
  host: z.string(),
  documents: z.int().describe('of the best'),
  mean: z.number().describe('mean ranking of them'),
  best: z.number(),
});

export const hosts = route({
  path: '/api/deltas/{delta}/hosts',
  summary: 'The hosts that the best documents of a delta come from, most documents first',
  params: ofDelta,
  query: z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(50).describe('hosts, at most') }),
  reply: z.strictObject({
    documents: z.int().describe('documents of the best that have an address'),
    items: z.array(host),
  }),
  handle({ delta }, { limit }, served) {
    const { id } = served.delta(delta);
    const all = served.kept(`hosts ${id}`, () => hostsOf(id, served));
    return { documents: all.reduce((sum, { documents }) => sum + documents, 0), items: all.slice(0, limit) };
  },
});

function hostsOf(delta: string, { view }: Served): readonly z.infer<typeof host>[] {
  const byHost = new Map<string, { documents: number; sum: number; best: number }>();
  for (const { url, ranking } of view.addresses(delta)) {
    const name = hostOf(url);
    if (name === null) continue;
    const known = byHost.get(name) ?? { documents: 0, sum: 0, best: Number.NEGATIVE_INFINITY };
    byHost.set(name, {
      documents: known.documents + 1,
      sum: known.sum + ranking,
      best: Math.max(known.best, ranking),
    });
  }
  return Array.from(byHost, ([name, { documents, sum, best }]) => ({
    host: name,
    documents,
    mean: sum / documents,
    best,
  })).sort((a, b) => b.documents - a.documents || b.best - a.best);
}
