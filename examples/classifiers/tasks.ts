/** What the classifiers are tuned for: each asks one corpus of the demo a question that its file names answer. */
import type { Corpus, Passage } from '../demo/corpora.ts';

export interface Task {
  /** Label words as they follow the prompt, the first token of each another one. */
  readonly labels: readonly string[];
  /** Number of the passage's label; undefined where the question does not apply. */
  labelOf(passage: Passage): number | undefined;
  /** How many passages of each corpus stand in the crawl beside the tuning data: of other corpora, which the question is not about. */
  readonly others: Readonly<Record<Corpus, number>>;
}

/** Categories of the Brown corpus, by the second letter of a file's name: https://www.hit.uib.no/icame/brown/bcm.html. */
const BROWN = [/^c[abc]/, /^c[dh]/, /^cj/, /^c[klmnpr]/];

/** Last years of three of the four ages. */
const AGES = [1849, 1899, 1945];

export const TASKS = {
  /** Newspapers, church and government, learned journals, or fiction? */
  genre: {
    labels: [' news', ' government', ' science', ' story'],
    labelOf: ({ corpus, file }) => found(corpus === 'brown' ? BROWN.findIndex((name) => name.test(file)) : -1),
    others: { brown: 0, sotu: 0, moby: 0, ham: 1000, spam: 600 },
  },
  /** In which age was the speech held? */
  age: {
    labels: [' first', ' old', ' new', ' modern'],
    labelOf: ({ corpus, file }) =>
      corpus === 'sotu' ? AGES.filter((last) => Number(file.slice(0, 4)) > last).length : undefined,
    others: { brown: 0, sotu: 0, moby: 200, ham: 800, spam: 600 },
  },
  /** Where was the mail filed: as spam, as plain ham, or as ham that looks like spam? */
  mail: {
    labels: [' money', ' list', ' report'],
    labelOf: ({ corpus, file }) =>
      corpus === 'spam' ? 0 : found(corpus === 'ham' ? (file.startsWith('hard') ? 2 : 1) : -1),
    others: { brown: 600, sotu: 500, moby: 500, ham: 0, spam: 0 },
  },
} as const satisfies Readonly<Record<string, Task>>;

export type TaskName = keyof typeof TASKS;

function found(index: number): number | undefined {
  return index < 0 ? undefined : index;
}
