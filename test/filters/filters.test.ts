import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Drop } from '../../pipeline/contract.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import type { Document } from '../../schemas/types.ts';
import { filter } from '../../stages/filter.ts';
import { filterSpec, filters, filtersOf } from '../../stages/filters/filters.ts';
import { stageContract } from '../kit/stage.ts';

const { signal } = new AbortController();

const document = (text: string, language: string | null = null): Document => ({
  ...{ key: text, id: 'i', url: null, text },
  ...NO_PROVENANCE,
  language,
});

/** The reason for which each text is dropped; undefined where it is let through. */
async function reasons(
  spec: unknown,
  ...texts: readonly (string | Document)[]
): Promise<readonly (string | undefined)[]> {
  const stage = filter(await filtersOf([filterSpec.parse(spec)]));
  const outcomes = await stage.process(
    texts.map((text) => (typeof text === 'string' ? document(text) : text)),
    signal,
  );
  return outcomes.map((outcome) => (outcome instanceof Drop ? outcome.reason : undefined));
}

/** Sentences of different words, as many as are asked for. */
function prose(sentences: number): string {
  const words =
    'river stone winter garden letter morning silver people window summer bridge candle forest harbour'.split(' ');
  return Array.from({ length: sentences }, (_, i) => {
    const some = Array.from(
      { length: 4 },
      (_, w) => `${words[(5 * i + 3 * w + (i >> 2)) % words.length]}${'aeiou'[(i + w) % 5]}${i}${w}`,
    );
    return `The ${some[0]} of ${some[1]} was with ${some[2]} and that ${some[3]}.`;
  }).join('\n');
}

describe('filters', () => {
  test('running text passes all of them', async () => {
    for (const { name } of filters) assert.deepEqual(await reasons(name, prose(20)), [undefined], name);
  });

  const broken: Readonly<Record<string, readonly [spec: unknown, text: string | Document]>> = {
    'gopher-quality:few-words': ['gopher-quality', prose(3)],
    'gopher-quality:many-words': [{ name: 'gopher-quality', maxWords: 100 }, prose(20)],
    'gopher-quality:word-length': ['gopher-quality', 'of to be a I '.repeat(20)],
    'gopher-quality:symbols': ['gopher-quality', `${prose(10)} ${'# the tag '.repeat(20)}`],
    'gopher-quality:bullets': ['gopher-quality', prose(20).replaceAll(/^/gm, '• ')],
    'gopher-quality:ellipses': [{ name: 'gopher-quality', maxSymbols: 1 }, prose(20).replaceAll(/\.$/gm, '...')],
    'gopher-quality:not-alphabetic': ['gopher-quality', `${prose(5)} ${'2024 17:45 '.repeat(20)}`],
    'gopher-quality:stop-words': ['gopher-quality', 'lovely cheap garden chairs, large wooden tables; '.repeat(10)],
    'gopher-repetition:duplicate-lines': ['gopher-repetition', `${prose(4)}\n`.repeat(2)],
    'gopher-repetition:duplicate-paragraphs': [
      { name: 'gopher-repetition', duplicateLines: 1, duplicateLineCharacters: 1 },
      `${prose(4)}\n\n`.repeat(2),
    ],
    'gopher-repetition:top-words': ['gopher-repetition', `${prose(6)} ${'buy now '.repeat(20)}`],
    'gopher-repetition:repeated-words': ['gopher-repetition', `${prose(6)}\n${prose(6).replaceAll('\n', ' ')}`],
    'c4:lorem-ipsum': ['c4', `${prose(5)}\nLorem ipsum dolor sit amet.`],
    'c4:curly-bracket': ['c4', `${prose(5)}\nif (a) { b }`],
    'c4:bad-word': [{ name: 'c4', badWords: ['c++ (bad)'] }, `${prose(5)}\nIt is C++ (bad).`],
    'c4:few-sentences': ['c4', `Home\nAbout us and what we do\nWe use cookies to make this better.\n${prose(2)}`],
    'language:other': [{ name: 'language', keep: ['de'] }, prose(20)],
    'language:unknown': [{ name: 'language', unknown: 'drop' }, '1234 5678 ++ 90'],
  };

  test('each rule has a text that it alone drops', async () => {
    for (const [reason, [spec, text]] of Object.entries(broken))
      assert.deepEqual(await reasons(spec, text), [reason], reason);
    const rules = filters.flatMap(({ name, rules: all }) => Object.keys(all).map((rule) => `${name}:${rule}`));
    assert.deepEqual(Object.keys(broken).sort(), rules.sort());
  });

  test('thresholds are settings', async () => {
    const text = prose(3);
    assert.deepEqual(await reasons({ name: 'gopher-quality', minWords: 10 }, text), [undefined]);
    assert.deepEqual(await reasons({ name: 'c4', minSentences: 4 }, text), ['c4:few-sentences']);
  });

  test('stop words are asked of English and of unknown texts alone', async () => {
    const german = 'Schöne alte Bäume wachsen langsam neben breiten Straßen, andere schneller. '.repeat(12);
    assert.deepEqual(await reasons('gopher-quality', german, document(german, 'de'), document(german, 'en')), [
      'gopher-quality:stop-words',
      undefined,
      'gopher-quality:stop-words',
    ]);
  });

  test('a script without spaces has words too', async () => {
    const japanese = document('吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。'.repeat(4), 'ja');
    assert.deepEqual(await reasons({ name: 'gopher-quality', minMeanWordLength: 1 }, japanese), [undefined]);
    assert.deepEqual(await reasons({ name: 'gopher-quality', minWords: 500 }, japanese), ['gopher-quality:few-words']);
  });

  test('the language is noted with the document; one that cannot be told stays what the crawl says', async () => {
    const stage = filter(await filtersOf([filterSpec.parse('language')]));
    const texts = {
      en: 'Dear Homeowner, rates have never been lower than they are today.',
      de: 'Alle glücklichen Familien gleichen einander, jede unglückliche ist auf ihre eigene Weise unglücklich.',
      fr: 'Longtemps, je me suis couché de bonne heure.',
      ru: 'Все счастливые семьи похожи друг на друга.',
      ja: '吾輩は猫である。名前はまだ無い。',
      nl: '12345',
    };
    const said = Object.entries(texts).map(([, text]) => document(text, 'nl'));
    const outcomes = await stage.process(said, signal);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome as readonly Document[])[0]?.language),
      Object.keys(texts),
    );
    assert.deepEqual(await reasons('language:en+de', texts.en, texts.de, texts.fr), [
      undefined,
      undefined,
      'language:other',
    ]);
  });

  test('what does not pass one filter is not seen by the next, and what one notes the next one knows', async () => {
    const german = 'Schöne alte Bäume wachsen langsam neben breiten Straßen, andere schneller. '.repeat(12);
    const specs = ['language', { name: 'gopher-quality' }].map((spec) => filterSpec.parse(spec));
    const [outcome] = await filter(await filtersOf(specs)).process([document(german)], signal);
    assert.ok(!(outcome instanceof Drop));
  });

  test('names and settings that do not exist are refused, and what there is is said', () => {
    const said = (spec: unknown) => filterSpec.safeParse(spec).error?.issues[0]?.message ?? '';
    assert.match(said('gopher'), /one of the filters c4, gopher-quality, gopher-repetition, language/);
    assert.match(said({ name: 'c4', minSentence: 1 }), /settings of c4 .*minSentence/);
    assert.match(said('c4:strict'), /settings of c4 .*rest/);
    assert.match(said('language:english'), /settings of language/);
  });
});

describe('the filter stage', async () => {
  const made = await filtersOf([filterSpec.parse('gopher-quality')]);
  stageContract(() => filter(made), [document(prose(20)), document('short'), document(prose(21)), document('')]);
});
