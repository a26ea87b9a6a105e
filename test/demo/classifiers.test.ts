/** What the classifiers of the demo's base are asked. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { TASKS, type Task } from '../../examples/classifiers/tasks.ts';
import type { Corpus, Passage } from '../../examples/demo/corpora.ts';
import { tokenizerOf } from '../../stages/checkpoint/tokenizer.ts';
import { classificationOf } from '../../stages/classification.ts';

const base = new URL('../../examples/demo/base/', import.meta.url);
const json = (file: string) => JSON.parse(readFileSync(new URL(file, base), 'utf8'));
const labelled = (task: Task, corpus: Corpus, file: string): number | undefined =>
  task.labelOf({ corpus, file, passage: 0, text: '' } satisfies Passage);

describe('the tasks of the classifiers', () => {
  test('each label word is a token of its own, or begins with one', () => {
    const tokenizer = tokenizerOf({ tokenizer: json('tokenizer.json'), config: json('tokenizer_config.json') }, 'base');
    for (const { labels } of Object.values(TASKS)) {
      const { tokens, notes } = classificationOf(
        { template: '{text}\nTopic:', labels, labelLoss: 'labels' },
        tokenizer,
      );
      assert.equal(new Set(tokens).size, labels.length);
      assert.deepEqual(notes, []);
    }
  });

  test('a passage has the label that its file says, and none of a question about another corpus', () => {
    const { genre, age, mail } = TASKS;
    assert.deepEqual(
      ['ca01', 'cd17', 'ch30', 'cj80', 'cr09', 'ce01'].map((file) => labelled(genre, 'brown', file)),
      [0, 1, 1, 2, 3, undefined],
    );
    assert.deepEqual(
      ['1790_a_n', '1849_b', '1850_c', '1900_d', '1945_e', '1946_f'].map((file) => labelled(age, 'sotu', file)),
      [0, 0, 1, 2, 2, 3],
    );
    assert.deepEqual(
      [
        labelled(mail, 'spam', 'spam-1/00001'),
        labelled(mail, 'ham', 'easy-ham-1/00001'),
        labelled(mail, 'ham', 'hard-ham-1/1'),
      ],
      [0, 1, 2],
    );
    for (const task of [genre, age, mail]) assert.equal(labelled(task, 'moby', '1'), undefined);
  });
});
