/** The language of a text, identified by eld: see docs/decisions. */
import { z } from 'zod';
import type { Filter, FilterPlugin } from './filter.ts';

const config = z.strictObject({
  keep: z
    .array(z.string().regex(/^[a-z]{2,3}$/))
    .default([])
    .describe(
      'languages that are kept, as ISO 639 codes (en, de); where there are none, all are, and the language is only noted',
    ),
  unknown: z.enum(['keep', 'drop']).default('keep').describe('texts whose language cannot be told'),
});
type Config = z.infer<typeof config>;

const rules = {
  other: 'it is in a language that is not kept',
  unknown: 'its language cannot be told',
} as const;

export const language: FilterPlugin<Config> = {
  name: 'language',
  summary: 'what language a text is in, noted with the document in place of what its crawl says, and which are kept',
  config,
  short: (rest) => ({ keep: rest.split('+') }),
  rules,
  async create({ keep, unknown }: Config): Promise<Filter> {
    const { eld } = await import('eld/extrasmall'); // loaded when asked for: it takes 0.3 s and 80 MB
    return (document) => {
      const result = eld.detect(sampleOf(document.text));
      const found = result.language !== '' && result.isReliable() ? result.language : document.language;
      if (found === null) return unknown === 'drop' ? { broken: 'unknown' } : document;
      if (keep.length > 0 && !keep.includes(found)) return { broken: 'other' };
      return { ...document, language: found };
    };
  },
};

/** Characters of each of the stretches that are looked at. */
const STRETCH = 150;

/** The start, the middle and the end of a longer text: what stands around a page is often in another language. */
export function sampleOf(text: string): string {
  if (text.length <= 3 * STRETCH) return text;
  const middle = (text.length - STRETCH) >> 1;
  return [0, middle, text.length - STRETCH].map((from) => text.slice(from, from + STRETCH)).join(' ');
}
