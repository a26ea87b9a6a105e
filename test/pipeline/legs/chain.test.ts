import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Drop, Reject, type Stage } from '../../../pipeline/contract.ts';
import { chain } from '../../../pipeline/legs/chain.ts';
import { stageContract } from '../../kit/stage.ts';

const { signal } = new AbortController();

const tooShort = new Reject('too-short', 'empty');
const words: Stage<string, string> = {
  name: 'words',
  process: (batch) => batch.map((text) => (text === '' ? tooShort : text.split(' '))),
};
const lengths: Stage<string, number> = {
  name: 'lengths',
  process: (batch) =>
    batch.map((word) => {
      if (word === 'bad') return new Reject('bad-token', word);
      return word === 'dull' ? new Drop('dull') : [word.length];
    }),
};

describe('chain', () => {
  stageContract(() => chain(words, lengths), ['one two', '', 'bad', 'dull', 'dull three', 'four bad dull']);

  test('an outcome is that of the input at the same place', async () => {
    assert.deepEqual(await chain(words, lengths).process(['a bc', '', 'def'], signal), [[1, 2], tooShort, [3]]);
  });

  test('one rejected part rejects the whole', async () => {
    const [outcome] = await chain(words, lengths).process(['good dull bad'], signal);
    assert.deepEqual(outcome, new Reject('bad-token', 'bad'));
  });

  test('a part that is dropped leaves the others; all of them dropped drop the whole', async () => {
    const outcomes = await chain(words, lengths).process(['dull good', 'dull dull'], signal);
    assert.deepEqual(outcomes, [[4], new Drop('dull')]);
  });

  test('a trace names the stage that settled each input', async () => {
    const traced = await chain(words, lengths).trace(['', 'bad', 'dull', 'good'], signal);
    assert.deepEqual(
      traced.map(({ by }) => by),
      ['words', 'lengths', 'lengths', 'lengths'],
    );
  });

  test('a stage is not called where nothing is left for it', async () => {
    const never: Stage<string, string> = {
      name: 'never',
      process: () => assert.fail('called'),
    };
    assert.deepEqual(await chain(words, never).process(['', ''], signal), [tooShort, tooShort]);
  });

  test('a stage that loses an outcome is found out', async () => {
    const forgetful: Stage<string, string> = {
      name: 'forgetful',
      process: (batch) => batch.slice(1).map((one) => [one]),
    };
    await assert.rejects(
      chain(words, forgetful).process(['a b'], signal),
      /forgetful: expected one outcome for each of 2/,
    );
  });

  test('no two stages share a name, for they share counters then', () => {
    assert.throws(() => chain(words, { ...lengths, name: words.name }), /no name twice/);
  });
});
