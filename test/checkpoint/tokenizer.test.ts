import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { TokenizerFiles } from '../../stages/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { type Tokenizer, tokenizerOf } from '../../stages/checkpoint/tokenizer.ts';
import { hasWordCuts, wordCut } from '../../stages/checkpoint/word-cuts.ts';
import { TINY } from './files.ts';

const json = (name: string) => JSON.parse(readFileSync(`${TINY}${name}`, 'utf8'));
const byteLevel: TokenizerFiles = {
  tokenizer: json('base/tokenizer.json'),
  config: json('base/tokenizer_config.json'),
};
const template = (single: readonly object[]) => ({
  ...byteLevel,
  tokenizer: { ...byteLevel.tokenizer, post_processor: { type: 'TemplateProcessing', single, pair: single } },
});
const BOS = { SpecialToken: { id: '<|endoftext|>', type_id: 0 } };
const TEXT = { Sequence: { id: 'A', type_id: 0 } };

/** A SentencePiece model as Llama 2 has it: no pre-tokenizer, spaces become ▁. */
function sentencePiece(merges: readonly (readonly [string, string])[]): TokenizerFiles {
  const tokens = [...'▁abcdefghijklmnopqrstuvwxyz.', ...merges.map(([left, right]) => left + right)];
  return {
    tokenizer: {
      added_tokens: [],
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '▁' },
          { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        ],
      },
      pre_tokenizer: null,
      decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
      model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
    },
    config: {},
  };
}
const within = sentencePiece([
  ['t', 'h'],
  ['th', 'e'],
  ['▁', 'the'],
  ['▁', 'a'],
  ['a', 'b'],
]);
const across = sentencePiece([
  ['a', '▁'],
  ['a▁', 'b'],
]);

const unigram: TokenizerFiles = {
  tokenizer: {
    added_tokens: [],
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    decoder: { type: 'Metaspace', replacement: '▁' },
    model: {
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['<unk>', 0],
        ['▁', -2],
        ['a', -3],
        ['▁a', -1],
        ['b', -3],
      ],
    },
  },
  config: {},
};

const make = (files: TokenizerFiles): Tokenizer => tokenizerOf(files, 'tokenizer.json');

describe('the tokenizer', () => {
  const tokenizer = make(byteLevel);

  test('gives the ids that the tokenizers library gives', () => {
    const texts = json('texts.json') as readonly {
      text: string;
      head: readonly number[];
      tokens: number;
      id: string;
    }[];
    const documents = new Map(
      (json('documents.json') as readonly { id: string; ids: number[] }[]).map((row) => [row.id, row.ids]),
    );
    for (const { id, text, head, tokens } of texts) {
      const ids = [...tokenizer.encode(text)].slice(0, 128);
      assert.deepEqual(ids.slice(0, head.length), head, id);
      assert.equal(ids.length, tokens, id);
      assert.deepEqual(ids, documents.get(id), id);
    }
  });

  test('gives a text back, token by token as well', () => {
    for (const text of ['In the beginning, God created', '  two  spaces\nand a line', 'émigré 中文 😀']) {
      const ids = tokenizer.encode(text);
      assert.equal(tokenizer.decode(ids), text);
    }
    const ids = tokenizer.encode('And he said unto them');
    assert.equal(Array.from(ids, (id) => tokenizer.piece(id)).join(''), 'And he said unto them');
    const spaced = make(within);
    assert.deepEqual(
      Array.from(spaced.encode('the ab'), (id) => spaced.piece(id)),
      [' the', ' a', 'b'],
    );
  });

  test('is refused by the part that is missing where it has no model', () => {
    assert.throws(() => make({ tokenizer: {}, config: {} }), {
      name: 'CheckpointError',
      message: /^tokenizer\.json: expected "model" to hold .*, got nothing$/,
    });
  });

  test('takes ids it does not know, as padded vocabularies have them', () => {
    assert.equal(tokenizer.size, 2048);
    assert.equal(tokenizer.piece(2048), '[2048]');
    assert.equal(tokenizer.decode([2048]), '');
    assert.equal(tokenizer.decode([]), '');
  });

  test('tells what it puts around a text', () => {
    assert.deepEqual(tokenizer.specials, { before: [], after: [] });
    assert.deepEqual(make(template([BOS, TEXT])).specials, { before: [0], after: [] });
    assert.deepEqual(make(template([BOS, TEXT, BOS, BOS])).specials, { before: [0], after: [0, 0] });
    assert.deepEqual([...make(template([BOS, TEXT])).encode('a')], [...tokenizer.encode('a')]);
  });

  test('has a hash that changes with the ids it gives and with nothing else', () => {
    assert.match(tokenizer.hash, /^[0-9a-f]{64}$/);
    assert.equal(make({ ...byteLevel, config: {} }).hash, tokenizer.hash);
    assert.equal(make({ ...byteLevel, tokenizer: { ...byteLevel.tokenizer, padding: {} } }).hash, tokenizer.hash);
    assert.notEqual(make(template([BOS, TEXT])).hash, tokenizer.hash);
  });

  test('warns of Unigram models and of no others', () => {
    assert.deepEqual(tokenizer.notes, []);
    assert.match(make(unigram).notes[0]!, /Unigram/);
    assert.deepEqual([...make(unigram).encode('a ab')], [3, 3, 4]);
  });

  test('takes a word of 300,000 letters, and a Unigram text that its library could not take at once', () => {
    assert.equal(tokenizer.encode('a'.repeat(300_000)).length > 10_000, true);
    assert.equal(make(unigram).encode('a '.repeat(60_000)).length, 60_001);
    assert.equal(make(unigram).encode('a'.repeat(60_000)).length, 60_000);
  });

  const prose = fc
    .array(
      fc.constantFrom(
        'the',
        'a',
        'b',
        'word',
        ' ',
        '  ',
        '\n',
        '.',
        ',',
        "'s",
        '7',
        '2024',
        'é',
        '中',
        '<|endoftext|>',
      ),
      { maxLength: 60 },
    )
    .map((words) => words.join(' '));
  for (const [name, files] of Object.entries({ byteLevel, within })) {
    test(`gives the first ids of the whole text where it leaves the rest out (${name})`, () => {
      const cutting = make(files);
      assert.equal(hasWordCuts(files.tokenizer), true);
      const only = (text: string) => (name === 'within' ? text.replace(/[^a-z ]/g, '') : text);
      fc.assert(
        fc.property(prose.map(only), fc.integer({ min: 1, max: 20 }), (text, enough) => {
          const ids = [...cutting.encode(text)];
          const some = [...cutting.encode(text, enough)];
          assert.deepEqual(some, ids.slice(0, some.length));
          assert.ok(some.length >= Math.min(enough, ids.length));
        }),
        { numRuns: 300 },
      );
    });
  }

  test('leaves most of a long text out', () => {
    const text = 'It is a truth universally acknowledged. '.repeat(10_000);
    assert.ok(tokenizer.encode(text, 128).length < 1024);
  });

  test('reads the whole text where a merge or an added token could reach across words, or nothing is known', () => {
    const { tokenizer: sound } = byteLevel;
    const unsound = {
      'a merge across words': across.tokenizer,
      'a Unigram model': unigram.tokenizer,
      'an added token of two words': { ...sound, added_tokens: [{ id: 0, content: 'two words' }] },
      'an unknown pre-tokenizer': {
        ...sound,
        pre_tokenizer: { type: 'Split', pattern: { Regex: '.+' }, behavior: 'Isolated' },
      },
      'an unknown normalizer': { ...sound, normalizer: { type: 'Replace', pattern: { Regex: 'a b' }, content: 'c' } },
      'nothing known': {},
    };
    for (const [what, files] of Object.entries(unsound)) assert.equal(hasWordCuts(files), false, what);
    const ids = make(across).encode('a b');
    assert.deepEqual([...make(across).encode('a b', 1)], [...ids]);
  });

  test('cuts before the space between two letters, not before the place asked for', () => {
    assert.equal(wordCut('ab cd ef', 0), 2);
    assert.equal(wordCut('ab cd ef', 2), 2);
    assert.equal(wordCut('ab cd ef', 3), 5);
    assert.equal(wordCut('ab  cd. ef', 0), undefined);
  });

  test('is refused, and fails in no other way, whatever its files hold', () => {
    const keys = ['model', 'added_tokens', 'normalizer', 'pre_tokenizer', 'post_processor', 'decoder'];
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(
        null,
        [],
        {},
        [{ id: -1, content: 'x' }],
        [{ id: 1e9, content: 'x' }],
        { type: 'Sequence' },
        { type: 'BPE', vocab: { a: 0 } },
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...keys), value, fc.boolean(), (key, broken, alone) => {
        try {
          make({ config: {}, tokenizer: alone ? { [key]: broken } : { ...byteLevel.tokenizer, [key]: broken } });
        } catch (error) {
          assert.ok(error instanceof CheckpointError, String(error));
        }
      }),
      { numRuns: 200 },
    );
  });
});
