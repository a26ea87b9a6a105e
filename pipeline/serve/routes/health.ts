import { z } from 'zod';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';

export const health = route({
  path: '/health',
  summary: 'Whether this process answers',
  open: true,
  live: true,
  reply: z.strictObject({ status: z.string().describe('ok'), version: z.string() }),
  handle: (_, __, { version }) => ({ status: 'ok', version }),
});

export const ready = route({
  path: '/ready',
  summary: 'Whether the store can be read',
  open: true,
  live: true,
  reply: z.strictObject({ status: z.string().describe('ready'), deltas: z.int() }),
  handle(_, __, { view }) {
    try {
      return { status: 'ready', deltas: view.store.deltas().length };
    } catch (error) {
      throw new Problem(503, `the store cannot be read: ${error instanceof Error ? error.message : error}`);
    }
  },
});
