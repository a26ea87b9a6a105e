import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { type Delivered, type Outgoing, Reject } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import { registry } from '../../pipeline/kafka/registry.ts';
import { stamp } from '../../pipeline/kafka/stamp.ts';
import { openWire, subjectOf } from '../../pipeline/kafka/wire.ts';
import { countCodec, documentCodec } from '../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import { registrableSchema } from '../../schemas/schemas.ts';
import { topics } from '../../schemas/topics.ts';
import type { Document } from '../../schemas/types.ts';
import { unframe, WIRE_FORMATS } from '../../schemas/wire-format.ts';
import { type FakeRegistry, startRegistry } from '../kit/registry.ts';

const signal = AbortSignal.timeout(20_000);
const document: Document = {
  ...NO_PROVENANCE,
  key: 'ab12',
  id: '7',
  url: null,
  text: 'a text',
  source: 's',
  origin: 'c7',
};
const outgoing: Outgoing = { topic: 'documents', key: 'ab12', value: documentCodec.encode(document), headers: {} };
const topicOf = (topic: string) => `p.${topic}`;

let server: FakeRegistry | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** A registry that holds every schema of this version. */
async function filled(): Promise<FakeRegistry> {
  server = await startRegistry();
  const client = registry({ url: server.url });
  for (const { name, schema } of topics) {
    if (schema !== null) await client.register(subjectOf(topicOf(name)), registrableSchema(schema), signal);
  }
  return server;
}

function delivered(value: Buffer | null, headers = {}, topic = 'documents'): Delivered {
  return { topic, key: 'ab12', value, headers, partition: 0, offset: 0 };
}

describe('the wire', () => {
  test('whatever is written is read, by a reader of any setting that has the registry', async () => {
    const { url } = await filled();
    for (const format of WIRE_FORMATS) {
      const writer = await openWire({ format, registry: registry({ url }), topicOf }, signal);
      const written = writer.frame(stamp(outgoing, undefined));
      assert.equal(unframe(written.value!).frame, format === 'none' ? 'bare' : format);
      assert.equal(written.headers['schema'], documentCodec.fingerprint);
      for (const reading of WIRE_FORMATS) {
        const reader = await openWire({ format: reading, registry: registry({ url }), topicOf }, signal);
        const value = await reader.unframe(delivered(written.value, written.headers));
        assert.ok(value instanceof Buffer);
        assert.deepEqual(documentCodec.decode(value, written.headers['schema']), document);
      }
    }
  });

  test('values without a schema are left as they are', async () => {
    const { url } = await filled();
    const { frame } = await openWire({ format: 'confluent', registry: registry({ url }), topicOf }, signal);
    for (const topic of ['dead', 'seen', 'cursors']) {
      const message = { topic, key: 'k', value: Buffer.from([0, 0, 0, 0, 1, 2]), headers: {} };
      assert.deepEqual(frame(message), message);
    }
    assert.equal(frame({ topic: 'selection', key: 'k', value: null, headers: {} }).value, null);
  });

  test('the schema of another writer is asked for once, and read as ours', async () => {
    const { url, add, asked } = await filled();
    const newer = registrableSchema('document') as { fields: readonly unknown[] };
    const id = add('x-value', { ...newer, fields: [...newer.fields, { name: 'lang', type: 'string', default: '' }] });
    const wire = await openWire({ format: 'single-object', registry: registry({ url }), topicOf }, signal);
    const body = Buffer.concat([unframe(outgoing.value!).body, Buffer.from([4, 0x65, 0x6e])]);
    const prefix = Buffer.from([0, 0, 0, 0, id]);
    const values = await Promise.all(
      Array.from({ length: 5 }, () => wire.unframe(delivered(Buffer.concat([prefix, body])))),
    );
    for (const value of values) {
      assert.ok(value instanceof Buffer);
      assert.deepEqual(documentCodec.decode(value), document);
    }
    assert.equal(asked.filter((path) => path.startsWith('/schemas/')).length, 1);
  });

  test('an id that means nothing, or a schema that is no document, is the fault of the message', async () => {
    const { url, add } = await filled();
    const wire = await openWire({ format: 'single-object', registry: registry({ url }), topicOf }, signal);
    const array = { type: 'record', name: 'A', fields: [{ name: 'a', type: { type: 'array', items: 'null' } }] };
    const ids = [999, add('a-value', { type: 'string' }), add('b-value', array), add('c-value', 'x', 'PROTOBUF')];
    for (const id of ids) {
      const answer = await wire.unframe(delivered(Buffer.from([0, 0, 0, id >> 8, id & 0xff, 2, 2])));
      assert.ok(answer instanceof Reject, `id ${id}`);
      assert.equal(answer.code, 'unknown-schema');
    }
    const alone = await openWire({ format: 'none', registry: undefined, topicOf }, signal);
    const answer = await alone.unframe(delivered(Buffer.from([0, 0, 0, 0, 1, 2])));
    assert.ok(answer instanceof Reject);
    assert.match(answer.reason, /--registry/);
  });

  test('a registry that fails while messages are read is no fault of theirs', async () => {
    const { url, fail } = await filled();
    const wire = await openWire({ format: 'single-object', registry: registry({ url }), topicOf }, signal);
    fail(503);
    await assert.rejects(async () => await wire.unframe(delivered(Buffer.from([0, 0, 0, 0, 1, 2]))), /answers 503/);
    fail(undefined);
    assert.ok((await wire.unframe(delivered(Buffer.from([0, 0, 0, 0, 1, 2])))) instanceof Buffer);
  });

  test('to write for a registry, every schema has to be in it: otherwise it says which is not, and how to add it', async () => {
    server = await startRegistry();
    const open = (url: string) => openWire({ format: 'confluent', registry: registry({ url }), topicOf }, signal);
    await assert.rejects(open(server.url), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /p\.documents-value .*topics create --wire confluent --register/);
      return true;
    });
    const { url } = server;
    await server.close();
    await assert.rejects(open(url), (error) => error instanceof ConfigError && /ECONNREFUSED/.test(error.message));
  });

  test('an incompatible schema is refused with the words of the registry', async () => {
    server = await startRegistry();
    server.add('p.counts-value', { type: 'record', name: 'Count', fields: [{ name: 'n', type: 'string' }] });
    await assert.rejects(
      registry({ url: server.url }).register('p.counts-value', registrableSchema('count'), signal),
      (error) => error instanceof ConfigError && /p\.counts-value .*incompatible: /.test(error.message),
    );
  });

  test('credentials are sent, and named where they are missing, but never shown', async () => {
    const authorization = `Basic ${Buffer.from('user:canary').toString('base64')}`;
    server = await startRegistry(authorization);
    const subject = 'p.counts-value';
    const id = await registry({ url: server.url, authorization }).register(subject, countSchema, signal);
    assert.equal(await registry({ url: server.url, authorization }).idOf(subject, countSchema, signal), id);
    await assert.rejects(
      registry({ url: server.url, authorization: 'Bearer canary' }).idOf(subject, countSchema, signal),
      (error) => error instanceof ConfigError && /401.*REGISTRY_/.test(error.message) && !/canary/.test(error.message),
    );
  });
});

const countSchema = registrableSchema(countCodec.name);
