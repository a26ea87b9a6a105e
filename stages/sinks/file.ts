/** `file`: a JSON line an alert, synced to disk before it counts as told. */
import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { SinkPlugin } from '../../pipeline/contract.ts';
import { alertLine } from '../alert/line.ts';

const config = z.strictObject({ path: z.string().min(1).describe('file to append to') });
type Config = z.infer<typeof config>;

export const file: SinkPlugin<Config> = {
  name: 'file',
  summary: 'a JSON line an alert, appended to a file',
  config,
  short: (path) => ({ path }),
  create: ({ path }, { folder }) => ({
    async send(alert, signal) {
      signal.throwIfAborted();
      const target = resolve(folder, path);
      await mkdir(dirname(target), { recursive: true });
      const handle = await open(target, 'a'); // anew each time: a file that was rotated away is left alone
      try {
        await handle.write(`${JSON.stringify(alertLine(alert))}\n`);
        await handle.datasync();
      } finally {
        await handle.close();
      }
    },
  }),
};
