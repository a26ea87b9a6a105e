/** `stdout`: a JSON line an alert. */
import { z } from 'zod';
import type { SinkPlugin } from '../../pipeline/contract.ts';
import { alertLine } from '../alert/line.ts';

const config = z.strictObject({});

export const stdout: SinkPlugin<z.infer<typeof config>> = {
  name: 'stdout',
  summary: 'a JSON line an alert, on standard output',
  config,
  short: () => ({}),
  create: (_, { write }) => ({
    async send(alert, signal) {
      signal.throwIfAborted();
      write(`${JSON.stringify(alertLine(alert))}\n`);
    },
  }),
};
