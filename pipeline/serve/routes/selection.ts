import { z } from 'zod';
import { livePick } from '../../pick/live.ts';
import { cursorOf, placeOf } from '../cursor.ts';
import { ofDelta, paged, pageOf, route } from '../route.ts';
import { documentLine, documentLineOf } from './document-line.ts';

const place = z.strictObject({ after: z.int().min(1) });

export const selection = route({
  path: '/api/deltas/{delta}/selection',
  summary:
    'The set whose gradients together point where the tuning went, as it is kept while documents come: highest ranking first',
  params: ofDelta,
  query: z.strictObject(paged),
  reply: pageOf(documentLine.extend({ gain: z.number().describe('residual gain when it came in') })),
  handle({ delta }, { limit, cursor }, served) {
    const { id } = served.delta(delta);
    const members = served.kept(`selection ${id}`, () => livePick(served.view.store, id)?.documents ?? []);
    const from = placeOf(cursor, place)?.after ?? 0;
    const to = Math.min(members.length, from + limit);
    return {
      items: members.slice(from, to).map((member, i) => ({
        ...documentLineOf({ ...member, rank: from + i + 1 }, served),
        gain: member.gain,
      })),
      next: to < members.length ? cursorOf({ after: to }) : null,
    };
  },
});
