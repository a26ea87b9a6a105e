/** Deltas that are added, paused and removed while a scan runs: it looks between two batches. */
import { z } from 'zod';
import { type Change, change, ofDelta } from '../route.ts';
import { delta, deltaLine } from './deltas.ts';

const path = '/api/deltas/{delta}';
/** Of what a cluster holds. */
const OF_CLUSTER = {
  403: 'the cluster does not let the server change its deltas',
  503: 'the cluster does not answer',
} as const;
const GONE = { 404: 'there is none', ...OF_CLUSTER } as const;

export const changeDeltas: readonly Change[] = [
  change({
    method: 'POST',
    path: '/api/deltas',
    summary: 'Adds a tuned checkpoint of the same base: scored from the next batch on',
    status: 201,
    body: z.strictObject({
      tuned: z
        .string()
        .min(1)
        .max(4096)
        .describe('a folder, hf:org/model@revision or https://..., under one of `roots`'),
      beside: z.string().min(1).max(100).optional().describe('the delta whose scan it joins, where there are several'),
    }),
    reply: delta,
    refusals: {
      403: `this checkpoint may not be named, or ${OF_CLUSTER[403]}`,
      422: 'it cannot be added: it is no tuning of this base, or the store has it already',
      503: `another one is being added, or ${OF_CLUSTER[503]}`,
    },
    handle: async (_, asked, served, signal) => deltaLine(await served.desk.add(asked, signal), served),
  }),
  change({
    method: 'PATCH',
    path,
    summary: 'Pauses a delta, or resumes it',
    status: 200,
    params: ofDelta,
    body: z.strictObject({ paused: z.boolean().describe('scans leave it out from the next batch on') }),
    reply: delta,
    refusals: GONE,
    handle: async (asked, { paused }, served, signal) =>
      deltaLine(await served.desk.pause(served.delta(asked.delta).id, paused, signal), served),
  }),
  change({
    method: 'DELETE',
    path,
    summary: 'Removes a delta and all that is kept of it',
    status: 204,
    params: ofDelta,
    reply: z.null(),
    refusals: GONE,
    async handle(asked, _, served, signal) {
      await served.desk.remove(served.delta(asked.delta).id, signal);
      return null;
    },
  }),
];
