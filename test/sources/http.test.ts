import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { Reject } from '../../pipeline/contract.ts';
import { bodyOf, unchunked } from '../../stages/sources/web/body.ts';
import { parseResponse } from '../../stages/sources/web/http.ts';
import { chunked, http } from './warc-bytes.ts';

const MAX = 10_000;

describe('HTTP responses', () => {
  test('a chunked body of any bytes and chunk size comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.integer({ min: 1, max: 50 }), (body, size) => {
        assert.deepEqual(unchunked(chunked(body, size)), Buffer.from(body));
      }),
    );
  });

  test('of a chunked body that is cut off, what is there is taken; one that is damaged is rejected', () => {
    const whole = chunked(Buffer.from('abcdefghij'), 4);
    assert.equal(`${unchunked(whole.subarray(0, whole.indexOf('fgh') + 1))}`, 'abcdef');
    const damaged = unchunked(Buffer.from(whole.toString().replace(/2;name/, 'q;name')));
    assert.ok(damaged instanceof Reject && damaged.code === 'malformed-record');
  });

  test('a coded body that is cut off gives what is there', () => {
    const body = Buffer.from(Array.from({ length: 2000 }, (_, i) => String.fromCharCode(97 + ((i * i) % 26))).join(''));
    for (const [coding, encode] of [
      ['gzip', zlib.gzipSync],
      ['deflate', zlib.deflateSync],
      ['br', zlib.brotliCompressSync],
    ] as const) {
      const bytes = encode(body);
      const response = parseResponse(
        http(bytes.subarray(0, bytes.length - 9), { headers: [`Content-Encoding: ${coding}`] }),
      );
      assert.ok(!(response instanceof Reject));
      const decoded = bodyOf(response, MAX);
      assert.ok(!(decoded instanceof Reject) && body.subarray(0, decoded.length).equals(decoded), coding);
    }
  });

  test('any response gives a body within the limit, or a reject', () => {
    const coding = fc.constantFrom('gzip', 'deflate', 'br', 'zstd', 'identity', 'gzip, br', 'x');
    const encode = fc.constantFrom(
      zlib.gzipSync,
      zlib.deflateSync,
      zlib.brotliCompressSync,
      zlib.zstdCompressSync,
      Buffer.from,
    );
    const parts = fc.record({
      body: fc.oneof(fc.uint8Array({ maxLength: 99 }), fc.constant(new Uint8Array(2 * MAX))),
      coding,
      encode: encode as fc.Arbitrary<(bytes: Uint8Array) => Buffer>,
      chunk: fc.boolean(),
      flips: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(parts, ({ body, coding: said, encode: really, chunk, flips }) => {
        const stored = chunk ? chunked(really(body), 1000) : really(body);
        const bytes = http(stored, {
          headers: [`Content-Encoding: ${said}`, ...(chunk ? ['Transfer-Encoding: chunked'] : [])],
        });
        for (const [place, mask] of flips) bytes[place % bytes.length]! ^= mask;
        const response = parseResponse(bytes);
        if (response instanceof Reject) return;
        const decoded = bodyOf(response, MAX);
        assert.ok(decoded instanceof Reject || decoded.length <= MAX);
      }),
      { numRuns: 400 },
    );
  });
});
