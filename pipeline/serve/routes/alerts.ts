import { z } from 'zod';
import { alertLine } from '../../../stages/alert/line.ts';
import { cursorOf, placeOf } from '../cursor.ts';
import { paged, pageOf, route } from '../route.ts';

const place = z.strictObject({ before: z.int().min(0) });

export const alertItem = z.strictObject({
  number: z.int().describe('counts up in the order they were met'),
  id: z.string().describe('delta/document/rule'),
  kind: z.enum(['match', 'digest', 'sample']),
  rule: z.string(),
  delta: z.string(),
  key: z.string(),
  document: z.string(),
  url: z.string().nullable(),
  host: z.string().nullable(),
  title: z.string().nullable(),
  language: z.string().nullable(),
  text: z.string(),
  tokens: z.int(),
  ranking: z.number().describe('what documents are ranked by'),
  measure: z.string(),
  value: z.number(),
  threshold: z.number(),
  rate: z.number().describe('share of all documents that the threshold stands for; 0 where it is a fixed value'),
  extrapolated: z.boolean(),
  share: z.number().describe('share of all documents at or below the value'),
  seen: z.int(),
  quiet: z.int(),
  at: z.string().describe('ISO 8601'),
  held: z.string().describe('why it is not sent on its own; empty where it is'),
  count: z.int().describe('documents it stands for'),
  documents: z.array(z.unknown()).optional().describe('of a digest'),
});

export const alerts = route({
  path: '/api/alerts',
  summary: 'What rules found, the newest first',
  query: z.strictObject({
    ...paged,
    rule: z.string().min(1).max(60).optional().describe('only those of this rule'),
    delta: z.string().min(1).max(100).optional().describe('only those of this delta'),
    held: z.enum(['true', 'false']).optional().describe('only those that were held, or only those that were not'),
  }),
  reply: pageOf(alertItem),
  handle(_, { limit, cursor, rule, delta, held }, served) {
    const rows = served.view.store.alerts.list({
      limit,
      rule,
      delta: delta === undefined ? undefined : served.delta(delta).id,
      held: held === undefined ? undefined : held === 'true',
      before: placeOf(cursor, place)?.before,
    });
    const last = rows.at(-1);
    return {
      items: rows.map(({ number, ...alert }) => ({ number, ...alertLine(alert) }) as z.infer<typeof alertItem>),
      next: last === undefined || rows.length < limit ? null : cursorOf({ before: last.number }),
    };
  },
});
