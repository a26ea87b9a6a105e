import { z } from 'zod';
import { runningKeys } from '../../../stages/candidate-pool.ts';
import { STATE } from '../../../stages/select.ts';
import type { Member } from '../../store/members.ts';
import { cursorOf, placeOf } from '../cursor.ts';
import { ofDelta, paged, pageOf, route } from '../route.ts';
import type { Served } from '../served.ts';
import { documentLine, documentLineOf } from './document-line.ts';

const place = z.strictObject({ after: z.int().min(1) });

export const selection = route({
  path: '/api/deltas/{delta}/selection',
  summary:
    'The set whose gradients together point where the tuning went, as it is kept while documents come: best score first',
  params: ofDelta,
  query: z.strictObject(paged),
  reply: pageOf(documentLine.extend({ gain: z.number().describe('residual gain when it came in') })),
  handle({ delta }, { limit, cursor }, served) {
    const { id } = served.delta(delta);
    const members = served.kept(`selection ${id}`, () => setOf(id, served));
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

/** `rank` counts within the set. */
function setOf(delta: string, { view: { store } }: Served): readonly Member[] {
  const pool = Array.from(store.members(delta, 'pool'));
  const state = store.state(delta, STATE.running);
  const [first] = pool;
  if (state === undefined || first === undefined) return [];
  const keys = new Set(runningKeys(state, first.sketch.length));
  return pool.filter(({ key }) => keys.has(key)).sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1));
}
