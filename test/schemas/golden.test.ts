/** Messages as they were once written are read for ever. Write those of a new schema: `node test/schemas/golden.test.ts --write`. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import avro from 'avsc';
import fc from 'fast-check';
import { codecs } from '../../schemas/codec.ts';
import { crc64, fingerprintOf } from '../../schemas/fingerprint.ts';
import { publishedSchema, schemaOf } from '../../schemas/schemas.ts';
import type { SchemaName } from '../../schemas/topics.ts';
import { singleObjectPrefix, unframe } from '../../schemas/wire-format.ts';

const FOLDER = new URL('../../schemas/', import.meta.url);
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
    ranking: -0.25,
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
  delta: {
    id: 'a',
    base: 'hf:org/base',
    tuned: './tuned',
    norm: 0.5,
    baseNorm: 20.25,
    measurement: 'm',
    layers: 'head',
    rankBy: 'cosine',
    keep: 1000,
    alone: false,
    state: 'paused',
    changedAt: '2024-01-31T23:59:59.000Z',
  },
  comparison: {
    key: 'ab12',
    partition: 3,
    minima: Buffer.from([0, 127, 255]),
    bands: Int32Array.of(-1, 2 ** 31 - 1),
    tokens: Buffer.from([1, 2]),
  },
  signature: { key: 'ab12', minima: Buffer.from([0, 127, 255]), bands: Int32Array.of(-1, 2 ** 31 - 1) },
  count: { stage: 'tokenize', outcome: 'rejected', code: 'too-short', n: 2 ** 40 },
  replay: {
    key: 'ab12',
    id: 'mail 7',
    url: null,
    ...PROVENANCE,
    measurement: 'm',
    deltas: 'a,b',
    basis: 'u',
    idBytes: 2,
    ids: Buffer.from([0, 0, 5, 0, 6, 1]),
    lengths: Int32Array.of(3),
    tokens: Int32Array.of(2),
    kept: Int32Array.of(2),
    loss: Float64Array.of(3.25),
    gradientNorm: Float64Array.of(0.5),
    coefficients: Buffer.from([1, 255, 0, 127]),
    rest: Buffer.from([12, 255]),
    likely: Buffer.from([5, 0, 6, 1]),
    chances: Buffer.from([16, 255]),
  },
  basis: {
    id: 'u',
    rank: 2,
    directions: Float32Array.of(1, 0, 0, 1),
    steps: Float32Array.of(0.5, 0.25),
    typical: Float32Array.of(0.75, 0.25),
  },
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
    ranking: 0.25,
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

const names = Object.keys(codecs) as readonly SchemaName[];
const fileOf = (name: SchemaName) => new URL(`golden/${name}.${codecs[name].fingerprint}.avro`, FOLDER);
const published = readdirSync(new URL('published/', FOLDER)).map((file) => {
  const [name, fingerprint] = file.split('.') as [SchemaName, string];
  return { name, fingerprint, file };
});

if (process.argv.includes('--write')) {
  for (const name of names) {
    const schema = new URL(`published/${name}.${codecs[name].fingerprint}.avsc`, FOLDER);
    if (!existsSync(schema)) copyFileSync(new URL(`${name}.avsc`, FOLDER), schema);
    if (!existsSync(fileOf(name))) writeFileSync(fileOf(name), codecs[name].encode(SAMPLES[name]));
  }
}

interface Field {
  readonly name: string;
  /** What it was called before. */
  readonly aliases?: readonly string[];
  readonly default?: unknown;
}
const fieldsOf = (schema: unknown) => (schema as { readonly fields: readonly Field[] }).fields;

describe('the wire', () => {
  test('every schema has a message written with it, under its fingerprint, and is itself published', () => {
    for (const name of names) {
      assert.ok(existsSync(fileOf(name)), `${fileOf(name)}: node test/schemas/golden.test.ts --write`);
      assert.ok(publishedSchema(name, codecs[name].fingerprint), `${name}: node test/schemas/golden.test.ts --write`);
    }
  });

  test('every message that was ever published is read as it was written, what is newer at its default', () => {
    const files = readdirSync(new URL('golden/', FOLDER));
    assert.deepEqual(
      files.map((file) => file.replace('.avro', '.avsc')).sort(),
      published.map(({ file }) => file).sort(),
    );
    for (const file of files) {
      const [name, fingerprint] = file.split('.') as [SchemaName, string];
      const value = codecs[name].decode(readFileSync(new URL(`golden/${file}`, FOLDER)), fingerprint);
      const old = new Set(fieldsOf(publishedSchema(name, fingerprint)).map((field) => field.name));
      for (const field of fieldsOf(schemaOf(name))) {
        const read = (value as Record<string, unknown>)[field.name];
        const sample = (SAMPLES[name] as Record<string, unknown>)[field.name];
        if ([field.name, ...(field.aliases ?? [])].some((known) => old.has(known)))
          assert.deepEqual(read, sample, `${file}: ${field.name}`);
        else if (!ArrayBuffer.isView(read)) assert.deepEqual(read, field.default, `${file}: ${field.name}`);
        else assert.equal(read.byteLength, String(field.default).length, `${file}: ${field.name}`);
      }
    }
  });

  test('a published schema is the one that its fingerprint names: none was changed afterwards', () => {
    for (const { name, fingerprint, file } of published) {
      assert.equal(fingerprintOf(avro.Type.forSchema(publishedSchema(name, fingerprint)!)), fingerprint, file);
    }
  });

  test('no array and no map is on the wire: a few bytes could claim a billion elements', () => {
    const all = [
      ...names.map(schemaOf),
      ...published.map(({ name, fingerprint }) => publishedSchema(name, fingerprint)),
    ];
    for (const schema of all) assert.doesNotMatch(JSON.stringify(schema), /"(array|map)"/);
  });

  test('every schema begins with a string, so that the first byte of a value tells how it is framed', () => {
    for (const { name, fingerprint } of published) {
      assert.equal((fieldsOf(publishedSchema(name, fingerprint))[0] as { type?: unknown }).type, 'string', name);
    }
    for (const name of names) {
      const value = codecs[name].encode(SAMPLES[name]);
      const framed = unframe(value);
      assert.equal(framed.frame, 'single-object');
      assert.equal(framed.frame === 'single-object' && framed.fingerprint, codecs[name].fingerprint);
      assert.equal(unframe(framed.body).frame, 'bare');
      assert.deepEqual(codecs[name].decode(framed.body), SAMPLES[name]);
    }
  });

  test('whatever bytes come, they are a value or an error', () => {
    const whole = Buffer.concat(names.map((name) => codecs[name].encode(SAMPLES[name])));
    const claims = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f]); // a length of 2³¹ − 1
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.nat(whole.length), fc.nat(100)).map(([from, length]) => whole.subarray(from, from + length)),
      fc.uint8Array({ maxLength: 20 }).map((rest) => Buffer.concat([claims, rest])),
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), bytes, (name, some) => {
        try {
          codecs[name].decode(some);
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
    assert.deepEqual(
      [...singleObjectPrefix('7275d51a3f395c8f')],
      [0xc3, 0x01, 0x8f, 0x5c, 0x39, 0x3f, 0x1a, 0xd5, 0x75, 0x72],
    );
  });
});
