/** Confluent's wire format with a real schema registry, Apicurio, from the crawl to the scores. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import avro from 'avsc';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { documentCodec } from '../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import { registrableSchema } from '../../schemas/schemas.ts';
import { topics } from '../../schemas/topics.ts';
import { unframe } from '../../schemas/wire-format.ts';
import { deltasift, LAUNCHER } from '../cli/run.ts';
import { type Apicurio, startApicurio } from '../kit/apicurio.ts';
import { type Broker, startBroker } from '../kit/broker.ts';
import { folders } from '../kit/folder.ts';
import { allRead, untilLag } from '../kit/lag.ts';
import { readCommitted } from '../kit/read-committed.ts';

const TINY = fileURLToPath(new URL('../golden/tiny/', import.meta.url));
const MODEL = ['--base', join(TINY, 'base'), '--tuned', join(TINY, 'tuned'), '--window', '32', '--threads', '1'];
const WORDS = 'the river of a small town runs past mills and under two bridges before it meets the sea'.split(' ');
const DOCUMENTS = 40;
const folder = folders();

let broker: Broker;
let apicurio: Apicurio;
before(async () => {
  [broker, apicurio] = await Promise.all([startBroker(), startApicurio()]);
});
after(async () => await Promise.all([broker.close(), apicurio.close()]));

interface RecordSchema {
  readonly fields: readonly { readonly name: string; readonly type: unknown; readonly default?: unknown }[];
}

const textOf = (i: number) => Array.from({ length: 24 }, (_, j) => WORDS[(i * 7 + j * (1 + (i % 5))) % 17]).join(' ');

describe('a schema registry', () => {
  const at = () => ['--brokers', broker.address];
  const wire = () => ['--wire', 'confluent', '--registry', apicurio.url];
  const connection = () => ({ brokers: [broker.address], clientId: 'test' });

  /** What any client of the registry does. */
  async function ask(path: string, schema?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const body = JSON.stringify({ schema: JSON.stringify(schema) });
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
    const response = await fetch(
      `${apicurio.url}${path}`,
      schema === undefined ? {} : { method: 'POST', headers, body },
    );
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async function typeOf(id: number): Promise<avro.Type> {
    const { body } = await ask(`/schemas/ids/${id}`);
    return avro.Type.forSchema(JSON.parse(body['schema'] as string) as avro.Schema);
  }

  async function untilRead(worker: ChildProcess): Promise<void> {
    await untilLag(async () => (await deltasift(['lag', '--json', ...at()])).out, allRead, worker);
  }

  test('a crawl without the schemas in the registry says how to add them', async () => {
    assert.equal((await deltasift(['topics', 'create', ...at(), '--partitions', '2'])).code, 0);
    const { code, err } = await deltasift(['crawl', ...at(), ...wire(), '--source', 'jsonl:/dev/null']);
    assert.equal(code, 78);
    assert.match(err, /subject deltasift\.\w+-value .*topics create --wire confluent --register/);
  });

  test('topics create --register adds every schema once', async () => {
    const create = () => deltasift(['topics', 'create', ...at(), ...wire(), '--register', '--partitions', '2']);
    for (const { code, err } of [await create(), await create()]) assert.equal(code, 0, err);
    for (const { name, schema } of topics) {
      const { status, body } = await ask(`/subjects/deltasift.${name}-value/versions`);
      if (schema === null) assert.equal(status, 404, name);
      else assert.equal((body as unknown as unknown[]).length, 1, name);
    }
  });

  test('an incompatible schema is refused; one with another field is taken, and its messages are scored', async () => {
    const subject = '/subjects/deltasift.documents-value';
    const schema = registrableSchema('document') as RecordSchema;
    const changed = schema.fields.map((field) => (field.name === 'text' ? { ...field, type: 'long' } : field));
    assert.equal((await ask(`${subject}/versions`, { ...schema, fields: changed })).status, 409);

    const newer = { ...schema, fields: [...schema.fields, { name: 'mood', type: 'string', default: '' }] };
    const { body } = await ask(`${subject}/versions`, newer);
    const document = { ...NO_PROVENANCE, key: 'f'.repeat(64), id: 'of-a-newer-crawl', text: textOf(99), url: null };
    const type = avro.Type.forSchema(newer as unknown as avro.Schema);
    const resolver = type.createResolver(avro.Type.forSchema(schema as unknown as avro.Schema));
    const value = type.fromBuffer(unframe(documentCodec.encode(document)).body, resolver) as object;
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(body['id'] as number, 1);
    const producer = kafkaClient(connection(), 'patient').producer();
    await producer.connect();
    const message = { key: document.key, value: Buffer.concat([prefix, type.toBuffer({ ...value, mood: 'calm' })]) };
    await producer.send({ topic: 'deltasift.documents', messages: [message] });
    await producer.disconnect();

    const file = join(folder(), 'crawl.jsonl');
    const lines = Array.from({ length: DOCUMENTS }, (_, i) =>
      JSON.stringify({ id: `d${i}`, text: `${textOf(i)} ${i}` }),
    );
    writeFileSync(file, `${lines.join('\n')}\n`);
    const crawled = await deltasift(['crawl', ...at(), ...wire(), '--source', `jsonl:${file}`]);
    assert.equal(crawled.code, 0, crawled.err);
    const legs = ['--legs', 'tokenize,gradient,score,select'];
    const worker = spawn(process.execPath, [LAUNCHER, 'worker', ...at(), ...wire(), ...MODEL, ...legs], { env: {} });
    await untilRead(worker);
    worker.kill('SIGTERM');
    await once(worker, 'exit');

    const scores = await readCommitted(connection(), 'deltasift.scores');
    const ids = scores.map(({ value }) => value!.readUInt32BE(1));
    const types = new Map(await Promise.all([...new Set(ids)].map(async (id) => [id, await typeOf(id)] as const)));
    const read = scores.map(({ value }, i) => {
      assert.equal(value![0], 0);
      return types.get(ids[i]!)!.fromBuffer(value!.subarray(5)) as { readonly id: string };
    });
    const expected = ['of-a-newer-crawl', ...Array.from({ length: DOCUMENTS }, (_, i) => `d${i}`)];
    assert.deepEqual(read.map(({ id }) => id).sort(), expected.sort());

    const gathered = join(folder(), 'gathered');
    const gather = await deltasift(['gather', ...at(), ...MODEL, '--registry', apicurio.url, '--store', gathered]);
    assert.equal(gather.code, 0, gather.err);
    const top = await deltasift(['top', '--store', gathered, '-k', '100', '--format', 'jsonl']);
    assert.equal(top.out.trim().split('\n').length, DOCUMENTS + 1);
  });

  test('without its address, what names a schema by its id is not gathered, and the flag is named', async () => {
    const found = await deltasift(['topics', 'describe', ...at(), ...wire(), '--partitions', '2']);
    assert.equal(found.code, 0, found.err);
    const gather = await deltasift(['gather', ...at(), ...MODEL, '--store', join(folder(), 'none')]);
    assert.equal(gather.code, 78);
    assert.match(gather.err, /--registry/);
  });

  test('an address where nobody listens is named', async () => {
    const { code, err } = await deltasift([
      'topics',
      'describe',
      ...at(),
      '--wire',
      'confluent',
      '--registry',
      'http://127.0.0.1:9',
    ]);
    assert.equal(code, 78);
    assert.match(err, /schema registry http:\/\/127\.0\.0\.1:9: .*is it running/);
  });
});
