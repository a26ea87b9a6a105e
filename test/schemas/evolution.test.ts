/** What becomes of values when a schema grows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import avro from 'avsc';
import { documentCodec } from '../../schemas/codec.ts';
import { fingerprintOf } from '../../schemas/fingerprint.ts';
import { logicalTypes } from '../../schemas/logical-types.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import { schemaOf } from '../../schemas/schemas.ts';
import { singleObjectPrefix, unframe } from '../../schemas/wire-format.ts';
import { UnknownSchema, writers } from '../../schemas/writers.ts';

const document = { ...NO_PROVENANCE, key: 'ab12', id: '7', url: null, text: 'a text', source: 's', origin: 'c7' };
const added = [
  { name: 'lang', type: 'string', default: 'en' },
  { name: 'quality', type: ['null', 'double'], default: null },
  { name: 'weights', type: { type: 'bytes', logicalType: 'float32s' }, default: '' },
];
const old = schemaOf('document') as { readonly fields: readonly unknown[] };
const grown = { ...old, fields: [...old.fields, ...added] } as unknown as avro.Schema;

describe('a schema that grows', () => {
  test('a reader of the new one sees old values with the defaults', () => {
    const reader = avro.Type.forSchema(grown, { logicalTypes });
    const { resolver } = writers('document', reader);
    const { body } = unframe(documentCodec.encode(document));
    const value: unknown = { ...reader.fromBuffer(body, resolver(documentCodec.fingerprint)) };
    assert.deepEqual(value, { ...document, lang: 'en', quality: null, weights: new Float32Array() });
  });

  test('a reader of the old one that is told the new schema leaves out what it does not know', () => {
    const type = avro.Type.forSchema(grown, { logicalTypes });
    const body = type.toBuffer({ ...document, lang: 'de', quality: 0.5, weights: Float32Array.of(1) });
    const fingerprint = documentCodec.learn(grown);
    assert.equal(fingerprint, fingerprintOf(avro.Type.forSchema(grown)));
    assert.deepEqual(documentCodec.decode(Buffer.concat([singleObjectPrefix(fingerprint), body])), document);
    assert.deepEqual(documentCodec.decode(body, fingerprint), document);
  });

  test('a field without a default, or of another type, is refused when the schema is learnt', () => {
    const shrunk = { ...old, fields: old.fields.filter((field) => (field as { name: string }).name !== 'origin') };
    assert.throws(() => documentCodec.learn(shrunk), /origin/);
    const changed = { ...old, fields: [{ name: 'key', type: 'int' }, ...old.fields.slice(1)] };
    assert.throws(() => documentCodec.learn(changed), /cannot read/);
  });

  test('a fingerprint that nobody knows is said, and is no path to a file', () => {
    const { body } = unframe(documentCodec.encode(document));
    for (const fingerprint of ['0123456789abcdef', '../../../etc/passwd', '', 'x'.repeat(10_000)]) {
      assert.throws(() => documentCodec.decode(body, fingerprint), UnknownSchema);
    }
  });
});
