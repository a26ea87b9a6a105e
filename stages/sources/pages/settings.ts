/** The settings of sources that fetch pages. */
import { z } from 'zod';
import { httpSettings } from '../fetch/settings.ts';
import { extractionConfig } from '../web/extract.ts';

export const pageSettings = {
  http: httpSettings.optional().describe('how pages are fetched'),
  ...extractionConfig,
  maxBytes: z
    .int()
    .min(1)
    .default(8 << 20)
    .describe('bytes of a page, as it comes and once decoded; larger ones are rejected as too-large'),
  maxSeconds: z.number().positive().default(60).describe('seconds that the body of a page may take to come'),
  revisit: z
    .boolean()
    .default(false)
    .describe('whether, when followed, pages that were fetched are asked at every look whether they have changed'),
};
const config = z.object(pageSettings);
export type PageSettings = z.infer<typeof config>;
