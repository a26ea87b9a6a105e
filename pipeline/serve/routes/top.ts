import { z } from 'zod';
import { cursorOf, placeOf } from '../cursor.ts';
import { ofDelta, paged, pageOf, route } from '../route.ts';
import { documentLine, documentLineOf } from './document-line.ts';

const place = z.strictObject({ ranking: z.number(), key: z.string(), rank: z.int().min(1) });

export const top = route({
  path: '/api/deltas/{delta}/top',
  summary: 'The best documents of a delta: by what ranks, descending, then by key',
  params: ofDelta,
  query: z.strictObject(paged),
  reply: pageOf(documentLine),
  handle({ delta }, { limit, cursor }, served) {
    const { id } = served.delta(delta);
    const rows = served.view.page(id, limit, placeOf(cursor, place));
    const last = rows.at(-1);
    const next =
      last === undefined || rows.length < limit
        ? null
        : cursorOf({ ranking: last.ranking, key: last.key, rank: last.rank });
    return { items: rows.map((row) => documentLineOf(row, served)), next };
  },
});
