/** Messages as they were once written are read for ever. Write those of a new schema: `node test/schemas/golden.test.ts --write`. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  alertCodec,
  type Codec,
  countCodec,
  documentCodec,
  gradientsCodec,
  scoreCodec,
  selectionCodec,
  tokensCodec,
} from '../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import type { SchemaName } from '../../schemas/topics.ts';
import { crc64, fingerprintOf, schemaOf } from '../../schemas/wire-format.ts';

const FOLDER = new URL('../../schemas/golden/', import.meta.url);
const PROVENANCE = {
  source: 'jsonl:mails',
  origin: '17',
  canonicalUrl: 'https://example.org/7',
  host: 'www.example.org',
  fetchedAt: '2024-01-31T23:59:59.000Z',
  title: 'Grüße',
  language: 'de',
  extraction: 'html-main',
};
const RECORD = { key: 'ab12', id: 'mail 7', url: null, text: 'Grüße, 世界', ...PROVENANCE };

const SAMPLES: Readonly<Record<SchemaName, unknown>> = {
  document: { ...RECORD, url: 'https://example.org/' },
  tokens: { ...RECORD, ids: Int32Array.of(0, 5, 2 ** 31 - 1), lengths: Int32Array.of(3), firsts: Int32Array.of(1) },
  gradients: {
    ...RECORD,
    ids: Int32Array.of(0, 5, 6),
    lengths: Int32Array.of(3),
    tokens: Int32Array.of(2),
    measurement: 'm',
    deltas: 'a,b',
    loss: Float64Array.of(3.25),
    gradientNorm: Float64Array.of(0.5),
    alignment: Float64Array.of(-0.125, 1e-300),
    lossTunedHead: Float64Array.of(3, 2.5),
    tokenAlignment: Float32Array.of(1, -2, 3, 0.5),
    sketch: Float32Array.of(0.25, -0.75),
    lossTuned: Float64Array.of(2.75),
    labels: Int32Array.of(1),
  },
  score: {
    ...RECORD,
    delta: 'a',
    measurement: 'm',
    score: -0.25,
    alignment: -0.125,
    gradientNorm: 0.5,
    loss: 3.25,
    lossTunedHead: 3,
    tokens: 2,
    window: 0,
    windows: 1,
    meanAlignment: -0.125,
    ids: Int32Array.of(0, 5, 6),
    tokenAlignment: Float32Array.of(1, -2),
    sketch: new Float32Array(),
    cosine: -0.125,
    lossTuned: 2.75,
    label: ' world',
  },
  selection: { delta: 'a', list: 'pool', key: 'ab12', gain: 0.125, value: Buffer.from([1, 2, 3]) },
  count: { stage: 'tokenize', outcome: 'rejected', code: 'too-short', n: 2 ** 40 },
  alert: {
    id: 'a/ab12/leaks',
    kind: 'match',
    rule: 'leaks',
    delta: 'a',
    key: 'ab12',
    document: 'mail 7',
    url: 'https://example.org/7',
    host: 'example.org',
    title: 'Grüße',
    language: null,
    text: 'Grüße, 世界',
    tokens: 2,
    score: 0.25,
    measure: 'score',
    value: 0.25,
    threshold: 0.125,
    rate: 1e-5,
    extrapolated: true,
    share: 0.99999,
    seen: 2 ** 40,
    quiet: 3,
    signature: Int32Array.of(-1, 2 ** 31 - 1),
    at: 1_700_000_000.5,
    held: 'limit',
    count: 1,
    digest: '',
  },
};

const NO_TUNED_MODEL = { lossTuned: new Float64Array(), labels: new Int32Array() };
const NOT_MEASURED = { cosine: 0, lossTuned: null, label: null };

/** What messages of earlier schemas did not say, by fingerprint. */
const UNSAID: Readonly<Record<string, object>> = {
  '99e81fc61bb97437': { ...NO_PROVENANCE, source: PROVENANCE.source, origin: PROVENANCE.origin },
  '31253e85b8cf238d': NO_PROVENANCE,
  dfdb4be8c0e31704: { ...NO_PROVENANCE, ...NO_TUNED_MODEL },
  a30923cf5f8d3978: { ...NO_PROVENANCE, ...NOT_MEASURED },
  '83d869902647c920': NO_TUNED_MODEL,
  ca57228a45293caf: NOT_MEASURED,
};

const CODECS: Readonly<Record<SchemaName, Codec<unknown>>> = {
  alert: alertCodec,
  document: documentCodec,
  tokens: tokensCodec,
  gradients: gradientsCodec,
  score: scoreCodec,
  selection: selectionCodec,
  count: countCodec,
} as Readonly<Record<SchemaName, Codec<unknown>>>;
const names = Object.keys(CODECS) as readonly SchemaName[];
const fileOf = (name: SchemaName) => new URL(`${name}.${fingerprintOf(name)}.avro`, FOLDER);

if (process.argv.includes('--write')) {
  for (const name of names) {
    if (!existsSync(fileOf(name))) writeFileSync(fileOf(name), CODECS[name].encode(SAMPLES[name]));
  }
}

describe('the wire', () => {
  test('every schema has a message written with it, under its fingerprint', () => {
    for (const name of names) assert.ok(existsSync(fileOf(name)), `${fileOf(name)}: write it with --write`);
  });

  test('every message that was ever published is read as it was written', () => {
    for (const file of readdirSync(FOLDER)) {
      const [name, fingerprint] = file.split('.') as [SchemaName, string];
      const written = { ...(SAMPLES[name] as object), ...UNSAID[fingerprint] };
      assert.deepEqual(CODECS[name].decode(readFileSync(new URL(file, FOLDER))), written, file);
    }
  });

  test('a message that was cut where an earlier schema did not end is none of any', () => {
    for (const [name, codec] of Object.entries(CODECS)) {
      const whole = codec.encode(SAMPLES[name as SchemaName]);
      const ends = readdirSync(FOLDER)
        .filter((file) => file.startsWith(`${name}.`))
        .map((file) => readFileSync(new URL(file, FOLDER)).length);
      for (let end = 0; end < whole.length; end++) {
        if (!ends.includes(end)) assert.throws(() => codec.decode(whole.subarray(0, end)), `${name}, ${end} bytes`);
      }
    }
  });

  test('no array and no map is on the wire: a few bytes could claim a billion elements', () => {
    for (const name of names) assert.doesNotMatch(JSON.stringify(schemaOf(name)), /"(array|map)"/);
  });

  test('whatever bytes come, they are a value or an error', () => {
    const whole = Buffer.concat(names.map((name) => CODECS[name].encode(SAMPLES[name])));
    const claims = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f]); // a length of 2³¹ − 1
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.nat(whole.length), fc.nat(100)).map(([from, length]) => whole.subarray(from, from + length)),
      fc.uint8Array({ maxLength: 20 }).map((rest) => Buffer.concat([claims, rest])),
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), bytes, (name, some) => {
        try {
          CODECS[name].decode(some);
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      }),
    );
  });

  test('fingerprints are those of the Avro specification', () => {
    // of "null" and "int", from the specification's own test data
    assert.equal(crc64(Buffer.from('"null"')), 0x63dd24e7cc258f8an);
    assert.equal(crc64(Buffer.from('"int"')), 0x7275d51a3f395c8fn);
  });
});
