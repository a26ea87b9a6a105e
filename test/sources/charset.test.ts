import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeText } from '../../stages/sources/web/charset.ts';

const russian = 'Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.';
const french = 'Longtemps, je me suis couché de bonne heure, à l’idée près où cela m’était égal.';

/** `text` in a single-byte encoding, by trying each byte. */
function encode(text: string, encoding: string): Uint8Array {
  const decoder = new TextDecoder(encoding);
  const bytes = new Map(Array.from({ length: 256 }, (_, byte) => [decoder.decode(Uint8Array.of(byte)), byte]));
  return Uint8Array.from(text, (char) => bytes.get(char)!);
}

describe('charset', () => {
  test('a byte order mark is believed before anything else, and left out', () => {
    assert.equal(decodeText(Buffer.from('\ufeffwide', 'utf16le'), ['utf-8']), 'wide');
    assert.equal(decodeText(Buffer.from('\ufeffwide', 'utf16le').swap16(), ['utf-8']), 'wide');
    assert.equal(decodeText(Buffer.from('\ufeffé'), ['windows-1252']), 'é');
  });

  test('the first declared encoding that is known and fits is taken', () => {
    const bytes = encode(russian, 'koi8-r');
    assert.equal(decodeText(bytes, ['koi8-r']), russian);
    assert.equal(decodeText(bytes, [undefined, 'klingon', 'hz-gb-2312', 'utf-8', 'KOI8-R ', 'latin1']), russian);
    assert.equal(decodeText(Buffer.from('wide', 'utf16le'), ['utf-16le']), 'wide');
  });

  test('a declaration that the bytes contradict is passed over', () => {
    assert.equal(decodeText(Buffer.from(french), ['utf-16']), french);
    assert.equal(decodeText(Buffer.from(russian), ['shift_jis']), russian);
    assert.equal(decodeText(encode(french, 'windows-1252'), ['utf-8']), french);
  });

  test('where nothing is declared the bytes are looked at', () => {
    assert.equal(decodeText(Buffer.from(french)), french);
    assert.equal(decodeText(encode(french, 'windows-1252')), french);
    assert.equal(decodeText(encode(russian, 'windows-1251')), russian);
  });

  test('UTF-8 that lost a few characters stays UTF-8', () => {
    assert.equal(decodeText(Buffer.from(russian).subarray(0, 10), ['utf-8']), 'Все с\ufffd');
    assert.equal(decodeText(Buffer.concat([Buffer.from(russian), Buffer.of(0xff)]), ['utf-8']), `${russian}\ufffd`);
  });

  test('bytes that are no text are told from text with a few controls in it', () => {
    const noise = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * i * 31 + 7 * i) % 251));
    assert.equal(decodeText(noise, ['utf-8']), undefined);
    assert.equal(decodeText(Buffer.alloc(100)), undefined);
    assert.equal(decodeText(Buffer.from(`${french}\0\x01\x1b`)), `${french}\0\x01\x1b`);
  });

  test('any bytes under any declaration give well-formed text or none', () => {
    const label = fc.oneof(
      fc.constantFrom('utf-8', 'utf-16le', 'gb18030', 'iso-2022-jp', 'x-user-defined', 'replacement'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(label, { maxLength: 3 }), (bytes, declared) => {
        const text = decodeText(bytes, declared);
        assert.ok(text === undefined || text.isWellFormed());
      }),
    );
  });

  test('any text comes back from UTF-8, declared or not', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.constantFrom('utf-8', undefined),
        (text, declared) => {
          assert.equal(decodeText(Buffer.from(text), [declared]), text.replace(/^\ufeff/, ''));
        },
      ),
    );
  });
});
