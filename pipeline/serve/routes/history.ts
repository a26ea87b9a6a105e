import { z } from 'zod';
import { route } from '../route.ts';

export const sample = z.strictObject({
  at: z.number().describe('seconds since 1970'),
  read: z.int().describe('records read of all sources'),
  waiting: z.int().describe('documents read and not yet handled'),
  scored: z.int(),
  dropped: z.int(),
  rejected: z.int(),
  revision: z.int().describe('grows with every document that comes into a list'),
  deltas: z.int().describe('goes up whenever a delta was added, paused or removed'),
  documents: z.record(z.string(), z.int()).describe('scored documents, by delta id'),
  stages: z.record(z.string(), z.int()).describe('documents that went into each stage'),
  bytes: z.int().describe('size of the store'),
});

export const history = route({
  path: '/api/history',
  summary: 'The counters once a second, over the last quarter of an hour',
  reply: z.strictObject({ items: z.array(sample) }),
  live: true,
  handle: (_, __, { watch }) => ({ items: [...watch.history()] }),
});
