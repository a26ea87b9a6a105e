/** A classifier's question and its answers: a prompt around each text, and the tokens of the label words. */
import { ConfigError } from '../pipeline/error.ts';
import type { Tokenizer } from './checkpoint/tokenizer.ts';

/** Over what the softmax of a label's loss runs. */
export const LABEL_LOSSES = ['labels', 'vocabulary'] as const;
export type LabelLoss = (typeof LABEL_LOSSES)[number];

export interface ClassificationOptions {
  /** Holds {text} once. */
  readonly template: string;
  /** As they follow the prompt, white space included: ` sport`. */
  readonly labels: readonly string[];
  readonly labelLoss: LabelLoss;
}

/** Token ids around a text. */
export interface Prompt {
  readonly before: Int32Array;
  readonly after: Int32Array;
}

export interface Classification {
  readonly prompt: Prompt;
  readonly words: readonly string[];
  /** The token that stands for each word. */
  readonly tokens: readonly number[];
  readonly labelLoss: LabelLoss;
  /** What the user should know, each a sentence. */
  readonly notes: readonly string[];
}

export const PLACE = '{text}';

/**
 * A word of several tokens is stood for by its first one.
 *
 * @throws ConfigError where the template does not hold its place once, where there are less than two labels, or two that no token tells
 *   apart
 */
export function classificationOf(
  { template, labels, labelLoss }: ClassificationOptions,
  tokenizer: Tokenizer,
): Classification {
  const parts = template.split(PLACE);
  if (parts.length !== 2) {
    throw new ConfigError(
      `--template: expected ${PLACE} in it once, where the document goes; it is there ${parts.length - 1} times`,
    );
  }
  if (labels.length < 2) throw new ConfigError(`--labels: expected at least two label words, got ${labels.length}`);
  const ids = labels.map((word) => tokenizer.encode(word));
  const tokens = ids.map(([first], i) => {
    if (first !== undefined) return first;
    throw new ConfigError(`--labels: ${JSON.stringify(labels[i])} has no tokens; expected a word`);
  });
  const twin = tokens.findIndex((token, i) => tokens.indexOf(token) !== i);
  if (twin !== -1) {
    const [one, other] = [labels[tokens.indexOf(tokens[twin]!)], labels[twin]].map((word) => JSON.stringify(word));
    throw new ConfigError(
      `--labels: ${one} and ${other} begin with the same token ${JSON.stringify(tokenizer.piece(tokens[twin]!))}, which has to tell them apart: choose other words`,
    );
  }
  const long = labels.flatMap((word, i) =>
    ids[i]!.length > 1 ? [`${JSON.stringify(word)} by ${JSON.stringify(tokenizer.piece(tokens[i]!))}`] : [],
  );
  const [before = '', after = ''] = parts;
  return {
    prompt: { before: tokenizer.encode(before), after: tokenizer.encode(after) },
    words: labels,
    tokens,
    labelLoss,
    notes: long.length > 0 ? [`labels of several tokens are stood for by their first one: ${long.join(', ')}`] : [],
  };
}
