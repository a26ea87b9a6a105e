import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ConfigError } from '../pipeline/error.ts';
import { tokenizerOf } from '../stages/checkpoint/tokenizer.ts';
import { classificationOf } from '../stages/classification.ts';

const json = (name: string) => JSON.parse(readFileSync(new URL(`golden/tiny/base/${name}`, import.meta.url), 'utf8'));
const tokenizer = tokenizerOf({ tokenizer: json('tokenizer.json'), config: {} }, 'tokenizer.json');
const of = (template: string, labels: readonly string[]) =>
  classificationOf({ template, labels, labelLoss: 'labels' }, tokenizer);

describe('a classifier', () => {
  test('asks by its template, and answers by the first token of each label', () => {
    const { prompt, tokens, words, notes } = of('Text: {text}\nIs it', [' the', ' of', ' zygomorphic']);
    assert.equal(tokenizer.decode(prompt.before), 'Text: ');
    assert.equal(tokenizer.decode(prompt.after), '\nIs it');
    assert.deepEqual(words, [' the', ' of', ' zygomorphic']);
    assert.deepEqual(
      tokens,
      words.map((word) => tokenizer.encode(word)[0]),
    );
    assert.match(notes.join(), /^labels of several tokens are stood for by their first one: " zygomorphic" by " z"$/);
    assert.deepEqual(of('{text}', [' the', ' of']).notes, []);
  });

  test('is refused where it cannot ask, or its answers cannot be told apart', () => {
    for (const [template, labels, said] of [
      ['no place', [' a', ' b'], /--template: expected \{text\} in it once.* 0 times/],
      ['{text} {text}', [' a', ' b'], /2 times/],
      ['{text}', [' a'], /--labels: expected at least two/],
      ['{text}', [' zygomorphic', ' zygote'], /" zygomorphic" and " zygote" begin with the same token " z"/],
    ] as const) {
      assert.throws(
        () => of(template, labels),
        (error) => error instanceof ConfigError && said.test(error.message),
      );
    }
  });
});
