import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CheckpointError } from '../../stages/checkpoint/error.ts';
import { headerLength, PREFIX_BYTES, parseHeader, type StoredTensor } from '../../stages/checkpoint/safetensors.ts';
import { rawSafetensors, safetensors, TINY } from './files.ts';

function parse(file: Uint8Array): ReadonlyMap<string, StoredTensor> {
  const length = headerLength(file.subarray(0, PREFIX_BYTES), file.length, 'f');
  return parseHeader(file.subarray(PREFIX_BYTES, PREFIX_BYTES + length), file.length, 'f');
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const data = (bytes: number) => new Uint8Array(bytes);

describe('safetensors', () => {
  test('lists the tensors of a real file with their place in it', () => {
    const file = readFileSync(`${TINY}base/model.safetensors`);
    const tensors = parse(file);
    assert.deepEqual(tensors.get('transformer.wte.weight')?.shape, [2048, 64]);
    assert.equal(tensors.size, 28);
    assert.equal(
      [...tensors.values()].reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), 0),
      file.length,
    );
  });

  test('takes scalars, empty tensors, spaces after the header and names that JavaScript objects know', () => {
    const header = { ['__proto__']: entry(0, 4, []), constructor: entry(4, 4, [0, 7]), toString: entry(4, 12) };
    const tensors = parse(rawSafetensors(`${JSON.stringify(header)}   `, data(12)));
    assert.deepEqual([...tensors.keys()].sort(), ['__proto__', 'constructor', 'toString']);
    assert.equal(tensors.get('valueOf'), undefined);
  });

  const hostile: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    'a file shorter than the length': [data(7), /too few/],
    'a header longer than the file': [rawSafetensors('{}', data(0), 1000), /cut off/],
    'a header above the limit': [rawSafetensors('{}', data(0), 2 ** 40), /hostile/],
    'a length with its highest bit set': [Buffer.concat([Buffer.alloc(8, 255), data(100)]), /hostile/],
    'a header that is no JSON': [rawSafetensors('{"a":'), /no JSON/],
    'a header that is no object': [rawSafetensors('[]'), /no object/],
    'a header that is no UTF-8': [Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 255])]), /UTF-8/],
    'a tensor given twice': [
      rawSafetensors(`{"a":${JSON.stringify(entry(0, 4))},"\\u0061":${JSON.stringify(entry(0, 4))}}`, data(4)),
      /"a" twice/,
    ],
    'a type given twice': [
      rawSafetensors('{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', data(4)),
      /twice/,
    ],
    'an unknown type': [rawSafetensors({ a: entry(0, 4, [1], 'F33') }, data(4)), /F33/],
    'a type that objects inherit': [rawSafetensors({ a: entry(0, 4, [1], 'toString') }, data(4)), /toString/],
    'a negative size': [rawSafetensors({ a: entry(0, 4, [-1]) }, data(4)), /shape/],
    'a broken size': [rawSafetensors({ a: entry(0, 6, [1.5]) }, data(6)), /shape/],
    'sizes whose product overflows': [
      rawSafetensors({ a: entry(0, 4, [2 ** 31, 2 ** 31, 2 ** 31]) }, data(4)),
      /holds 4 bytes/,
    ],
    'sizes whose product is not a number': [
      rawSafetensors({ a: entry(0, 0, [...Array(30).fill(2 ** 53 - 1), 0]) }),
      /takes NaN/,
    ],
    'fewer bytes than the shape takes': [rawSafetensors({ a: entry(0, 4, [2]) }, data(4)), /takes 8/],
    'offsets outside the file': [rawSafetensors({ a: entry(0, 8) }, data(4)), /which holds 4/],
    'offsets that run backwards': [
      rawSafetensors({ a: { dtype: 'F32', shape: [1], data_offsets: [4, 0] } }, data(4)),
      /claims bytes 4 to 0/,
    ],
    'offsets that are text': [
      rawSafetensors({ a: { dtype: 'F32', shape: [1], data_offsets: ['0', '4'] } }, data(4)),
      /data_offsets/,
    ],
    'tensors that overlap': [rawSafetensors({ a: entry(0, 8), b: entry(4, 12) }, data(12)), /overlaps/],
    'tensors that share bytes': [rawSafetensors({ a: entry(0, 4), b: entry(0, 4) }, data(4)), /overlaps/],
    'a gap between tensors': [rawSafetensors({ a: entry(0, 4), b: entry(8, 12) }, data(12)), /gap/],
    'a file cut off in its data': [
      safetensors({ a: { shape: [4], data: [1, 2, 3, 4] } }).subarray(0, -1),
      /which holds 15/,
    ],
    'bytes after the last tensor': [rawSafetensors({ a: entry(0, 4) }, data(8)), /whole/],
  };
  for (const [what, [file, message]] of Object.entries(hostile)) {
    test(`refuses ${what}`, () => {
      assert.throws(
        () => parse(file),
        (error) => error instanceof CheckpointError && message.test(error.message),
      );
    });
  }

  test('refuses or reads any bytes, and never fails in another way', () => {
    const sound = safetensors({ a: { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }, b: { shape: [1], data: [7] } });
    const mutated = fc
      .array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 5 })
      .map((edits) => edits.reduce((file, [at, byte]) => file.with(at, byte), Uint8Array.from(sound)));
    const anyHeader = fc.json().map((json) => rawSafetensors(json, data(16)));
    const likely = fc
      .dictionary(
        fc.string(),
        fc.record({
          dtype: fc.constantFrom('F32', 'F16', 'F4', 'X'),
          shape: fc.array(fc.oneof(fc.nat(4), fc.double())),
          data_offsets: fc.array(fc.oneof(fc.nat(16), fc.maxSafeInteger())),
        }),
      )
      .map((header) => rawSafetensors(header, data(16)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), mutated, anyHeader, likely), (file) => {
        try {
          for (const { offset, bytes } of parse(file).values()) assert.ok(offset + bytes <= file.length);
        } catch (error) {
          assert.ok(error instanceof CheckpointError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
