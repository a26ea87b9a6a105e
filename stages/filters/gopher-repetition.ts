/** Rules against repetition: Rae et al. 2021 (arXiv 2112.11446), appendix A.1.1 and table A1. */
import { z } from 'zod';
import { grams, repeatedItems } from '../text/repetition.ts';
import { linesOf, paragraphsOf, wordsOf } from '../text/words.ts';
import { type FilterPlugin, ruled } from './filter.ts';

const most = (share: number, of: string) =>
  z.number().min(0).max(1).default(share).describe(`share of ${of} above which a document is dropped`);

const TOP = { 2: 0.2, 3: 0.18, 4: 0.16 } as const;
const REPEATED = { 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1 } as const;

const config = z.strictObject({
  duplicateLines: most(0.3, 'lines that are there before'),
  duplicateLineCharacters: most(0.2, 'characters in lines that are there before'),
  duplicateParagraphs: most(0.3, 'paragraphs that are there before'),
  duplicateParagraphCharacters: most(0.2, 'characters in paragraphs that are there before'),
  top2Words: most(TOP[2], 'characters in the most frequent 2 words in a row'),
  top3Words: most(TOP[3], 'characters in the most frequent 3 words in a row'),
  top4Words: most(TOP[4], 'characters in the most frequent 4 words in a row'),
  repeated5Words: most(REPEATED[5], 'characters in 5 words in a row that are there before'),
  repeated6Words: most(REPEATED[6], 'the same in 6'),
  repeated7Words: most(REPEATED[7], 'the same in 7'),
  repeated8Words: most(REPEATED[8], 'the same in 8'),
  repeated9Words: most(REPEATED[9], 'the same in 9'),
  repeated10Words: most(REPEATED[10], 'the same in 10'),
});
type Config = z.infer<typeof config>;

const rules = {
  'duplicate-lines': 'too many lines, or characters in lines, that were there before',
  'duplicate-paragraphs': 'too many paragraphs, or characters in them, that were there before',
  'top-words': 'one stretch of 2 to 4 words makes up too much of it',
  'repeated-words': 'too much of it lies in stretches of 5 to 10 words that were there before',
} as const;

export const gopherRepetition: FilterPlugin<Config> = {
  name: 'gopher-repetition',
  summary: 'repetition of lines, paragraphs and stretches of words, as for Gopher',
  config,
  short: (rest) => ({ rest }), // it has none: refused by name
  rules,
  create: (limits: Config) => ruled(({ text }) => ruleBroken(text, limits)),
};

function ruleBroken(text: string, limits: Config): keyof typeof rules | undefined {
  const lines = repeatedItems(linesOf(text));
  if (lines.items > limits.duplicateLines || lines.characters > limits.duplicateLineCharacters)
    return 'duplicate-lines';
  const paragraphs = repeatedItems(paragraphsOf(text));
  if (paragraphs.items > limits.duplicateParagraphs || paragraphs.characters > limits.duplicateParagraphCharacters) {
    return 'duplicate-paragraphs';
  }
  const stretches = grams(wordsOf(text));
  stretches.longer();
  for (const top of [limits.top2Words, limits.top3Words, limits.top4Words]) {
    if (stretches.top() > top) return 'top-words';
    stretches.longer();
  }
  const { repeated5Words, repeated6Words, repeated7Words, repeated8Words, repeated9Words, repeated10Words } = limits;
  for (const share of [
    repeated5Words,
    repeated6Words,
    repeated7Words,
    repeated8Words,
    repeated9Words,
    repeated10Words,
  ]) {
    if (stretches.repeated() > share) return 'repeated-words';
    stretches.longer();
  }
  return undefined;
}
