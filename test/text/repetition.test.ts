import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { grams, repeatedItems } from '../../stages/text/repetition.ts';
import { naiveRepeated, naiveTop } from '../twins/repetition.ts';

describe('repetition', () => {
  test('of stretches of words is what comparing all of them with all gives', () => {
    const words = fc.array(fc.constantFrom('a', 'bb', 'ccc', 'dd'), { maxLength: 40 });
    fc.assert(
      fc.property(words, (some) => {
        const stretches = grams(some);
        for (let n = 1; n <= 6; n++) {
          assert.equal(stretches.n, n);
          assert.ok(Math.abs(stretches.repeated() - naiveRepeated(some, n)) < 1e-12, `repeated, ${n}`);
          assert.ok(Math.abs(stretches.top() - naiveTop(some, n)) < 1e-12, `top, ${n}`);
          stretches.longer();
        }
      }),
    );
  });

  test('of a text without repetition is 0, of one word over and over next to 1', () => {
    const different = grams(Array.from({ length: 100 }, (_, i) => `w${i}`));
    const same = grams(Array<string>(100).fill('word'));
    for (const stretches of [different, same]) stretches.longer();
    assert.deepEqual([different.top(), different.repeated(), same.top(), same.repeated()], [0, 0, 1, 0.99]);
  });

  test('of lines counts all but the first of equal ones, by number and by characters', () => {
    assert.deepEqual(repeatedItems(['aa', 'b', 'aa', 'aa']), { items: 0.5, characters: 4 / 7 });
    assert.deepEqual(repeatedItems([]), { items: 0, characters: 0 });
  });
});
