import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Reject } from '../pipeline/contract.ts';
import { ConfigError } from '../pipeline/error.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import type { Document, Tokens } from '../schemas/types.ts';
import type { Tokenizer } from '../stages/checkpoint/tokenizer.ts';
import { type TokenizeOptions, tokenize } from '../stages/tokenize.ts';
import { stageContract } from './kit/stage.ts';

/** A token per character: its code, so that ids can be read off a text. */
function characters(before: readonly number[] = []): Tokenizer {
  return {
    hash: 'h',
    notes: [],
    size: 256,
    specials: { before, after: [9] },
    encode: (text) => Int32Array.from(text, (char) => char.charCodeAt(0)),
    decode: (ids) => String.fromCharCode(...Array.from(ids)),
    piece: (id) => String.fromCharCode(id),
  };
}

const document = (text: string): Document => ({
  key: text,
  id: `id ${text}`,
  url: null,
  text,
  ...NO_PROVENANCE,
});
const DEFAULTS: TokenizeOptions = { bos: 'never', window: 5, maxWindows: 0 };
const signal = AbortSignal.timeout(60_000);

/** Windows of a text as `bos+text` with the scored part in capitals. */
async function windowsOf(
  text: string,
  options: Partial<TokenizeOptions> = {},
  tokenizer = characters(),
): Promise<readonly string[]> {
  const [outcome] = await tokenize(tokenizer, { ...DEFAULTS, ...options }).process([document(text)], signal);
  assert.ok(!(outcome instanceof Reject), String(outcome));
  const [{ ids, lengths, firsts }] = outcome as readonly [Tokens];
  let end = 0;
  return Array.from(lengths, (length, w) => {
    end += length;
    const window = [...ids.subarray(end - length, end)].map((id) => String.fromCharCode(id));
    return window.map((char, i) => (i >= firsts[w]! ? char.toUpperCase() : char)).join('');
  });
}

describe('tokenize', () => {
  stageContract(
    () => tokenize(characters(), DEFAULTS),
    [document('abcdefghijk'), document('a'), document(''), document('ab')],
  );

  test('scores every position but the first, which nothing predicts', async () => {
    assert.deepEqual(await windowsOf('abcd'), ['aBCD']);
    assert.deepEqual(await windowsOf('abcd', { bos: 'always', bosId: 94 }), ['^ABCD']);
  });

  test('counts the BOS in the window and gives it to every window', async () => {
    const bos = { bos: 'always', bosId: 94 } as const;
    assert.deepEqual(await windowsOf('abcdefghijk', bos), ['^ABCD', '^EFGH', '^IJK']);
    assert.deepEqual(await windowsOf('abcdefghi', bos), ['^ABCD', '^EFGH', '^I']);
    assert.deepEqual(await windowsOf('abcdefghijk'), ['aBCDE', 'fGHIJ'], 'k would be scored by nothing');
  });

  test('moves on by the stride and scores in a later window what no earlier one scored', async () => {
    const bos = { bos: 'always', bosId: 94 } as const;
    assert.deepEqual(await windowsOf('abcdefgh', { ...bos, stride: 2 }), ['^ABCD', '^cdEF', '^efGH']);
    assert.deepEqual(await windowsOf('abcdefg', { stride: 2 }), ['aBCDE', 'cdeFG']);
    assert.deepEqual(
      await windowsOf('abcdefghijklm', { stride: 6 }),
      ['aBCDE', 'gHIJK'],
      'a stride may leave text out',
    );
  });

  test('stops after the windows asked for', async () => {
    assert.deepEqual(await windowsOf('abcdefghijk', { maxWindows: 1 }), ['aBCDE']);
    assert.deepEqual(await windowsOf('abcdefghijk', { maxWindows: 2, stride: 1 }), ['aBCDE', 'bcdeF']);
  });

  test('asks the tokenizer for no more tokens than its windows can hold', async () => {
    const asked: (number | undefined)[] = [];
    const tokenizer: Tokenizer = {
      ...characters(),
      encode(text, enough) {
        asked.push(enough);
        return characters().encode(text.slice(0, enough));
      },
    };
    assert.deepEqual(await windowsOf('abcdefghijk', { maxWindows: 2, stride: 3 }, tokenizer), ['aBCDE', 'deFGH']);
    assert.deepEqual(await windowsOf('abcdefghijk', {}, tokenizer), ['aBCDE', 'fGHIJ']);
    assert.deepEqual(asked, [9, undefined]);
  });

  test('auto puts before a text what the tokenizer itself does, and nothing after it', async () => {
    assert.deepEqual(await windowsOf('abc', { bos: 'auto' }), ['aBC']);
    assert.deepEqual(await windowsOf('abcdefg', { bos: 'auto' }, characters([60])), ['<ABCD', '<EFG']);
    assert.deepEqual(await windowsOf('abcde', { bos: 'auto' }, characters([60, 62])), ['<>ABC', '<>DE']);
  });

  test('always gives exactly one BOS, whatever the tokenizer adds and the text begins with', async () => {
    const bos = { bos: 'always', bosId: 94 } as const;
    assert.deepEqual(await windowsOf('abc', bos, characters([94])), ['^ABC']);
    assert.deepEqual(await windowsOf('abc', bos, characters([60])), ['^ABC']);
    assert.deepEqual(await windowsOf('^abc', bos), ['^ABC']);
  });

  test('never adds nothing', async () => {
    assert.deepEqual(await windowsOf('abc', { bos: 'never', bosId: 94 }, characters([94])), ['aBC']);
  });

  test('rejects a document of fewer than 2 tokens, BOS counted', async () => {
    const codes = async (options: Partial<TokenizeOptions>) => {
      const outcomes = await tokenize(characters(), { ...DEFAULTS, ...options }).process(
        ['', 'a', 'ab'].map(document),
        signal,
      );
      return outcomes.map((outcome) => (outcome instanceof Reject ? outcome.code : 'scored'));
    };
    assert.deepEqual(await codes({ bos: 'never' }), ['too-short', 'too-short', 'scored']);
    assert.deepEqual(await codes({ bos: 'always', bosId: 0 }), ['too-short', 'scored', 'scored']);
  });

  test('carries the document along', async () => {
    const [outcome] = await tokenize(characters(), DEFAULTS).process([{ ...document('ab'), url: 'u' }], signal);
    const [{ key, id, url, text }] = outcome as readonly [Tokens];
    assert.deepEqual({ key, id, url, text }, { key: 'ab', id: 'id ab', url: 'u', text: 'ab' });
  });

  test('refuses settings that leave nothing to score', () => {
    assert.throws(() => tokenize(characters(), { ...DEFAULTS, bos: 'always' }), ConfigError);
    assert.throws(() => tokenize(characters(), { ...DEFAULTS, window: 1 }), ConfigError);
    assert.throws(() => tokenize(characters([1, 2, 3]), { ...DEFAULTS, bos: 'auto', window: 3 }), ConfigError);
  });

  test('scores no token twice, and with a BOS every token once', async () => {
    const setting = fc.record({
      n: fc.integer({ min: 2, max: 60 }),
      window: fc.integer({ min: 2, max: 12 }),
      stride: fc.integer({ min: 1, max: 11 }),
      bos: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(setting, async ({ n, window, stride, bos }) => {
        const text = String.fromCharCode(...Array.from({ length: n }, (_, i) => 100 + i));
        const room = window - (bos ? 1 : 0);
        const options = {
          bos: bos ? 'always' : 'never',
          bosId: 94,
          window,
          stride: Math.min(stride, room),
          maxWindows: 0,
        } as const;
        const [outcome] = await tokenize(characters(), options).process([document(text)], signal);
        const [{ ids, lengths, firsts }] = outcome as readonly [Tokens];
        const scored: number[] = [];
        let start = 0;
        for (const [w, length] of lengths.entries()) {
          assert.ok(length <= window && firsts[w]! >= 1 && firsts[w]! < length);
          if (bos) assert.equal(ids[start], 94);
          scored.push(...ids.subarray(start + firsts[w]!, start + length));
          start += length;
        }
        assert.equal(new Set(scored).size, scored.length);
        if (bos) assert.equal(scored.length, n);
      }),
    );
  });

  test('puts a classifier’s prompt around a text that leaves room for it and for the label, which comes behind', async () => {
    const prompt = { before: Int32Array.from('p:', (char) => char.charCodeAt(0)), after: Int32Array.of(63) };
    assert.deepEqual(await windowsOf('abcdef', { window: 8, prompt }), ['p:abcd?']);
    assert.deepEqual(await windowsOf('ab', { window: 8, prompt, bos: 'always', bosId: 94 }), ['^p:ab?']);
    const [empty] = await tokenize(characters(), { ...DEFAULTS, window: 8, prompt }).process([document('')], signal);
    assert.ok(empty instanceof Reject && empty.code === 'too-short');
    assert.throws(() => tokenize(characters(), { ...DEFAULTS, window: 4, prompt }), /expected at least 5/);
  });
});
