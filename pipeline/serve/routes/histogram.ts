import { z } from 'zod';
import { ofDelta, route } from '../route.ts';

const QUANTILES = [0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1] as const;

export const histogram = route({
  path: '/api/deltas/{delta}/histogram',
  summary: "The distribution of what a delta's documents are ranked by, each value to 1 %",
  params: ofDelta,
  query: z.strictObject({ bins: z.coerce.number().int().min(2).max(500).default(60).describe('bins of equal width') }),
  reply: z.strictObject({
    documents: z.int(),
    estimated: z.int().describe('of these, estimated from what was kept of documents before the delta was known'),
    edges: z.array(z.number()).describe('[bins + 1]; empty where nothing was scored'),
    counts: z.array(z.int()).describe('[bins] documents between two edges'),
    quantiles: z.array(z.strictObject({ share: z.number(), ranking: z.number() })),
  }),
  handle({ delta }, { bins }, { delta: known, quantiles, estimated: estimatedOf }) {
    const { id } = known(delta);
    const [sketch, estimated] = [quantiles(id), estimatedOf(id)];
    if (sketch.count === 0) return { documents: 0, estimated, edges: [], counts: [], quantiles: [] };
    const [low, high] = [sketch.quantile(0), sketch.quantile(1)];
    const width = (high - low) / bins || 1;
    const counts = new Array<number>(bins).fill(0);
    for (const [value, n] of sketch.bins()) {
      const bin = Math.min(bins - 1, Math.floor((value - low) / width));
      counts[bin] = counts[bin]! + n;
    }
    return {
      documents: sketch.count,
      estimated,
      edges: Array.from({ length: bins + 1 }, (_, i) => low + i * width),
      counts,
      quantiles: QUANTILES.map((share) => ({ share, ranking: sketch.quantile(share) })),
    };
  },
});
