import { z } from 'zod';
import type { HtmlOptions } from './html.ts';
import { type HtmlThreads, openHtmlThreads } from './html-thread.ts';

/** How the text of pages is had. */
export interface Extraction {
  readonly keep: HtmlOptions['keep'];
  /** Threads that read HTML. */
  readonly threads: number;
}

/** The settings of sources whose records are pages. */
export const extractionConfig = {
  keep: z
    .enum(['main', 'all'])
    .default('main')
    .describe('text of an HTML page that is kept: its content, or its navigation, headers and footers as well'),
  threads: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe(
      'threads that take the text out of HTML; a page that takes one longer than a second is rejected as unparsable-html',
    ),
};

/** One set of threads for each number of them: those of all sources of a process. */
const opened = new Map<number, HtmlThreads>();

export function htmlThreads(count: number): HtmlThreads {
  const threads = opened.get(count) ?? openHtmlThreads(count);
  opened.set(count, threads);
  return threads;
}
