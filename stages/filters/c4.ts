/** Rules about sentences and boilerplate: Raffel et al. 2020 (JMLR 21/140), section 2.2. */
import { z } from 'zod';
import { linesOf, wordsOf } from '../text/words.ts';
import { type Filter, type FilterPlugin, ruled } from './filter.ts';

const config = z.strictObject({
  minSentences: z.int().min(0).default(3).describe('fewest sentences, in lines that count'),
  minWordsPerLine: z
    .int()
    .min(0)
    .default(5)
    .describe('fewest words of a line that counts; it also has to end as a sentence does'),
  badWords: z.array(z.string().min(1)).default([]).describe('words of which none may be in the text, in any case'),
});
type Config = z.infer<typeof config>;

const rules = {
  'lorem-ipsum': 'it is text to fill a page',
  'curly-bracket': 'it holds a curly bracket: code',
  'bad-word': 'it holds one of the words that it may not',
  'few-sentences': 'too few sentences in lines that end as sentences do and are no boilerplate',
} as const;

export const c4: FilterPlugin<Config> = {
  name: 'c4',
  summary: 'sentences, code and boilerplate, as for C4; the text is judged by its lines that count, and left whole',
  config,
  short: (rest) => ({ rest }), // it has none: refused by name
  rules,
  create({ minSentences, minWordsPerLine, badWords }: Config): Filter {
    const bad =
      badWords.length === 0
        ? undefined
        : new RegExp(`(?<![\\p{L}\\p{N}])(${badWords.map(RegExp.escape).join('|')})(?![\\p{L}\\p{N}])`, 'iu');

    function ruleBroken(text: string): keyof typeof rules | undefined {
      if (/lorem ipsum/i.test(text)) return 'lorem-ipsum';
      if (text.includes('{')) return 'curly-bracket';
      if (bad?.test(text) === true) return 'bad-word';
      let sentences = 0;
      for (const line of linesOf(text)) {
        if (!ENDS_AS_SENTENCE.test(line) || BOILERPLATE.test(line)) continue;
        if (wordsOf(line).length < minWordsPerLine) continue;
        sentences += line.match(SENTENCE_END)?.length ?? 0;
        if (sentences >= minSentences) return undefined;
      }
      return sentences < minSentences ? 'few-sentences' : undefined;
    }

    return ruled(({ text }) => ruleBroken(text));
  },
};

/** A mark that ends a sentence, and closing quotes or brackets behind it; an ellipsis ends none. */
const ENDS_AS_SENTENCE = /(?<!\.\.)[.!?。！？]["'”’»)\]]*$/;
const SENTENCE_END = /[.!?。！？]+["'”’»)\]]*(?=\s|$|\p{L})/gu;
const BOILERPLATE = /javascript|terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies/i;
