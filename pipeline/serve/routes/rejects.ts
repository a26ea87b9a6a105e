import { z } from 'zod';
import { cursorOf, placeOf } from '../cursor.ts';
import { paged, pageOf, route } from '../route.ts';

const place = z.strictObject({ after: z.int().min(0) });

export const rejects = route({
  path: '/api/rejects',
  summary: 'Records that were at fault, in the order they were met',
  query: z.strictObject({
    ...paged,
    code: z.string().min(1).max(100).optional().describe('only those of this code'),
  }),
  reply: pageOf(
    z.strictObject({
      id: z.int(),
      scan: z.string(),
      key: z.string(),
      stage: z.string(),
      code: z.string(),
      reason: z.string(),
      topic: z.string().nullable(),
      source: z.string().nullable(),
      origin: z.string().nullable().describe('the cursor of the source that resumes after it'),
      size: z.int().describe('of its bytes'),
    }),
  ),
  handle(_, { limit, cursor, code }, { view }) {
    const after = placeOf(cursor, place)?.after;
    const rows = view.store.rejects({
      limit,
      ...(code === undefined ? {} : { code }),
      ...(after === undefined ? {} : { after }),
    });
    const last = rows.at(-1);
    return {
      items: rows.map((row) => ({ ...row })),
      next: last === undefined || rows.length < limit ? null : cursorOf({ after: last.id }),
    };
  },
});
