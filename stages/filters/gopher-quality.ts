/** Rules about length and what a text is made of: Rae et al. 2021 (arXiv 2112.11446), appendix A.1.1. */
import { z } from 'zod';
import { linesOf, wordsOf } from '../text/words.ts';
import { type FilterPlugin, ruled } from './filter.ts';

const share = (standard: number, what: string) => z.number().min(0).max(1).default(standard).describe(what);

const config = z.strictObject({
  minWords: z.int().min(0).default(50).describe('fewest words'),
  maxWords: z.int().min(1).default(100_000).describe('most words'),
  minMeanWordLength: z.number().min(0).default(3).describe('least characters of a word, on the mean'),
  maxMeanWordLength: z.number().min(0).default(10).describe('most characters of a word, on the mean'),
  maxSymbols: share(0.1, 'most hash signs to a word, and most ellipses'),
  maxBulletLines: share(0.9, 'largest share of lines that begin with a bullet'),
  maxEllipsisLines: share(0.3, 'largest share of lines that end with an ellipsis'),
  minAlphabetic: share(0.8, 'least share of words that have a letter'),
  minStopWords: z
    .int()
    .min(0)
    .max(8)
    .default(2)
    .describe(
      'fewest of the, be, to, of, and, that, have, with; asked of texts that are English or of unknown language',
    ),
});
type Config = z.infer<typeof config>;

const rules = {
  'few-words': 'fewer words than a text has',
  'many-words': 'more words than a page has',
  'word-length': 'words that are too short or too long on the mean',
  symbols: 'too many hash signs or ellipses',
  bullets: 'lines that begin with a bullet, nearly all of them',
  ellipses: 'too many lines that end with an ellipsis',
  'not-alphabetic': 'too many words without a letter',
  'stop-words': 'next to none of the words that every English text has',
} as const;

export const gopherQuality: FilterPlugin<Config> = {
  name: 'gopher-quality',
  summary: 'length, words and lines of running text, as for Gopher',
  config,
  short: (rest) => ({ rest }), // it has none: refused by name
  rules,
  create: (limits: Config) => ruled(({ text, language }) => ruleBroken(text, language, limits)),
};

const STOP_WORDS = new Set('the be to of and that have with'.split(' '));
const ELLIPSIS = /\.\.\.|…/g;

function ruleBroken(text: string, language: string | null, limits: Config): keyof typeof rules | undefined {
  const words = wordsOf(text, limits.maxWords + 1);
  if (words.length < limits.minWords) return 'few-words';
  if (words.length > limits.maxWords) return 'many-words';
  const of = (holds: (word: string) => boolean) => words.filter(holds).length / words.length;

  const mean = words.reduce((sum, word) => sum + word.length, 0) / words.length;
  if (mean < limits.minMeanWordLength || mean > limits.maxMeanWordLength) return 'word-length';
  const count = (pattern: RegExp) => (text.match(pattern)?.length ?? 0) / words.length;
  if (count(/#/g) > limits.maxSymbols || count(ELLIPSIS) > limits.maxSymbols) return 'symbols';

  const lines = linesOf(text);
  const ofLines = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length / lines.length;
  if (ofLines(/^[•‣◦⁃∙▪●*-]/) > limits.maxBulletLines) return 'bullets';
  if (ofLines(/(\.\.\.|…)$/) > limits.maxEllipsisLines) return 'ellipses';
  if (of((word) => /\p{L}/u.test(word)) < limits.minAlphabetic) return 'not-alphabetic';

  if (language !== null && language !== 'en') return undefined;
  const bare = (word: string) => word.toLowerCase().replace(/^\P{L}+|\P{L}+$/gu, '');
  const stops = new Set(words.map(bare).filter((word) => STOP_WORDS.has(word)));
  return stops.size < limits.minStopWords ? 'stop-words' : undefined;
}
