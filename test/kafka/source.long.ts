/** The kafka source on a real broker: somebody else's topics, with what they may hold. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import avro from 'avsc';
import type { Message as KafkaMessage } from 'kafkajs';
import type { Crawled, Source } from '../../pipeline/contract.ts';
import { sourceTools } from '../../pipeline/crawl/source-tools.ts';
import { environmentOf } from '../../pipeline/environment.ts';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { kafka } from '../../stages/sources/kafka.ts';
import { deltasift } from '../cli/run.ts';
import { startBroker } from '../kit/broker.ts';
import { startRegistry } from '../kit/registry.ts';
import { all, sourceContract } from '../kit/source.ts';
import { said } from '../sources/said.ts';

const signal = new AbortController().signal;
const broker = await startBroker(); // the contract asks for a source before the first test
after(async () => await broker.close());
const client = kafkaClient({ brokers: [broker.address], clientId: 'test' }, 'patient');

function of(topic: string, settings: object = {}, variables: Readonly<Record<string, string>> = {}): Source {
  const world = { folder: '/', clock: () => Date.now() / 1000, note: () => undefined };
  const tools = sourceTools({ ...world, environment: environmentOf(variables, '/', false) });
  return kafka.create(kafka.config.parse({ topic: `${broker.address}/${topic}`, ...settings }), tools);
}

async function make(
  topic: string,
  partitions = 1,
  configEntries: { name: string; value: string }[] = [],
): Promise<void> {
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: false });
  while ((await admin.fetchTopicOffsets(topic).catch(() => [])).length < partitions) await delay(100);
  await admin.disconnect();
}

async function write(
  topic: string,
  messages: readonly KafkaMessage[],
  transaction?: 'commit' | 'abort',
): Promise<void> {
  const producer = client.producer(
    transaction === undefined ? {} : { idempotent: true, transactionalId: `of ${topic}` },
  );
  await producer.connect();
  try {
    if (transaction === undefined) return void (await producer.send({ topic, messages: [...messages] }));
    const open = await producer.transaction();
    await open.send({ topic, messages: [...messages] });
    await open[transaction]();
  } finally {
    await producer.disconnect();
  }
}

const texts = (...values: readonly string[]) => values.map((value) => ({ value }));
const ids = (records: readonly Crawled[]) => records.map((one) => ('document' in one ? one.document.id : '-'));

before(async () => {
  await make('pages', 2);
  await write('pages', [
    {
      partition: 0,
      key: 'k',
      value: '{"id":"a","text":"one","url":"https://example.org/a"}',
      headers: { 'x-lang': 'de-AT' },
    },
    { partition: 0, key: 'k2', value: '{"text":"two"}', headers: { 'x-url': 'https://example.org/b' } },
    { partition: 0, value: '{"id":12345678901234567890,"text":"three"}' },
    { partition: 0, key: 'gone', value: null },
    { partition: 1, value: 'no json' },
    { partition: 1, value: Buffer.from([0x7b, 0xff, 0x7d]) },
    { partition: 1, value: '{"text":""}' },
    { partition: 1, value: `{"text":"${'x'.repeat(2000)}"}` },
    { partition: 1, value: '{"text":"nine"}' },
  ]);
});

describe('a kafka source', () => {
  sourceContract({ make: () => of('pages', { maxBytes: 1000 }) });

  test('takes values, keys and headers as they are mapped; what is at fault has a code, what is no document a reason', async () => {
    const settings = { maxBytes: 1000, headers: { url: 'x-url', language: 'x-lang' } };
    const records = await all(of('pages', settings), undefined, signal);
    assert.deepEqual(said(records), [
      'one',
      'two',
      'three',
      'drop tombstone',
      'reject malformed-record',
      'reject undecodable-text',
      'drop empty',
      'reject too-large',
      'nine',
    ]);
    assert.deepEqual(ids(records.slice(0, 3)), ['a', 'k2', '12345678901234567890']);
    assert.equal(ids(records)[8], 'pages/1/4');
    const [first, second] = records.map((one) => ('document' in one ? one.document : undefined));
    assert.deepEqual([first?.url, first?.language], ['https://example.org/a', 'de']);
    assert.equal(second?.url, 'https://example.org/b');
    assert.deepEqual(ids((await all(of('pages', { key: 'id' }), undefined, signal)).slice(0, 2)), ['k', 'k2']);
    assert.equal(ids(await all(of('pages', { key: 'ignore' }), undefined, signal))[1], 'pages/0/1');
    const found = await of('pages').locate!(records[2]!.cursor, signal);
    assert.match(found.bytes.toString(), /three/);
  });

  test('shows what is committed alone, and goes on over what is not', async () => {
    await make('transactions');
    await write('transactions', texts('{"text":"a"}'));
    await write('transactions', texts('{"text":"aborted"}', '{"text":"aborted"}'), 'abort');
    await write('transactions', texts('{"text":"b"}', '{"text":"c"}'), 'commit');
    const producer = client.producer({ idempotent: true, transactionalId: 'open' });
    await producer.connect();
    const open = await producer.transaction();
    await open.send({ topic: 'transactions', messages: texts('{"text":"open"}') });
    await write('transactions', texts('{"text":"behind"}'));
    const records = await all(of('transactions'), undefined, signal);
    assert.deepEqual(said(records), ['a', 'b', 'c']);
    await open.commit();
    await producer.disconnect();
    assert.deepEqual(said(await all(of('transactions'), records.at(-1)!.cursor, signal)), ['open', 'behind']);
  });

  test('reads what is packed, however that was done', async () => {
    for (const type of ['gzip', 'snappy', 'lz4', 'zstd', 'uncompressed']) {
      await make(type, 1, [{ name: 'compression.type', value: type }]); // the broker packs
      const values = Array.from({ length: 300 }, (_, i) => `{"text":"${type} ${i} ${'again and '.repeat(i)}again"}`);
      await write(type, texts(...values));
      const records = await all(of(type), undefined, signal);
      assert.deepEqual(
        said(records),
        values.map((value) => JSON.parse(value).text),
      );
    }
  });

  test('goes on over what compaction and retention took away', async () => {
    const compact = { 'cleanup.policy': 'compact', 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.01' };
    await make(
      'compacted',
      1,
      Object.entries(compact).map(([name, value]) => ({ name, value })),
    );
    const [[before] = []] = [await oneBefore()];
    async function oneBefore() {
      await write('compacted', [{ key: 'k0', value: '{"text":"first"}' }]);
      return await all(of('compacted'), undefined, signal);
    }
    for (let i = 0; i < 20; i++) await write('compacted', [{ key: `k${i % 2}`, value: `{"text":"${i}"}` }]);
    for (let i = 0; ; i++) {
      await delay(1000);
      await write('compacted', [{ key: 'k0', value: '{"text":"last"}' }]);
      const left = await all(of('compacted'), before!.cursor, signal);
      assert.equal(said(left).at(-1), 'last');
      if (left.length < 20) break;
      assert.ok(i < 90, 'the broker does not compact');
    }

    await make('shortened');
    await write('shortened', texts('{"text":"a"}', '{"text":"b"}', '{"text":"c"}', '{"text":"d"}'));
    const records = await all(of('shortened'), undefined, signal);
    const admin = client.admin();
    await admin.connect();
    await admin.fetchTopicOffsets('shortened'); // loads what it needs
    await admin.deleteTopicRecords({ topic: 'shortened', partitions: [{ partition: 0, offset: '3' }] });
    await admin.disconnect();
    assert.deepEqual(said(await all(of('shortened'), records[0]!.cursor, signal)), ['d']);
  });

  test('begins where it is told to', async () => {
    await make('timed');
    await write('timed', [{ value: '{"text":"old"}', timestamp: '1000000000000' }, { value: '{"text":"new"}' }]);
    assert.deepEqual(said(await all(of('timed', { start: '2024-01-01T00:00:00Z' }), undefined, signal)), ['new']);
    assert.deepEqual(said(await all(of('timed', { start: '2100-01-01T00:00:00Z' }), undefined, signal)), []);
    const latest = of('timed', { start: 'latest' });
    assert.deepEqual(said(await all(latest, undefined, signal)), []);
    await write('timed', texts('{"text":"newer"}'));
    assert.deepEqual(said(await all(latest, undefined, signal)), ['newer']);
  });

  test('followed, it reads what comes, in a partition that is added too', async () => {
    await make('growing');
    await write('growing', texts('{"text":"a"}'));
    const source = of('growing');
    const cursors = new Map<string, string>();
    async function look(): Promise<readonly string[]> {
      const found: Crawled[] = [];
      for await (const unit of source.units!(true, signal)) {
        for await (const record of unit.read(cursors.get(unit.name), signal)) {
          found.push(record);
          cursors.set(unit.name, record.cursor);
        }
      }
      return said(found);
    }
    assert.deepEqual(await look(), ['a']);
    assert.deepEqual(await look(), []);
    const admin = client.admin();
    await admin.connect();
    await admin.createPartitions({ topicPartitions: [{ topic: 'growing', count: 2 }] });
    await admin.disconnect();
    await write('growing', [
      { partition: 0, value: '{"text":"b"}' },
      { partition: 1, value: '{"text":"c"}' },
    ]);
    for (let i = 0; i < 50 && cursors.size < 2; i++) {
      const found = await look();
      if (found.length > 0) assert.deepEqual(found.toSorted(), found);
      await delay(100);
    }
    assert.deepEqual([...cursors.keys()], ['growing/0', 'growing/1']);
  });

  test('reads Avro by the schemas of a registry; one that is away ends it, and loses nothing', async () => {
    const registry = await startRegistry(`Basic ${Buffer.from('u:p').toString('base64')}`);
    const schema = {
      type: 'record',
      name: 'Page',
      fields: [
        { name: 'id', type: 'long' },
        { name: 'body', type: { type: 'record', name: 'Body', fields: [{ name: 'text', type: ['null', 'string'] }] } },
      ],
    };
    const id = registry.add('avro-value', schema);
    const type = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: false });
    const framed = (value: unknown, of = id) => {
      const header = Buffer.alloc(5);
      header.writeUInt32BE(of, 1);
      return Buffer.concat([header, type.toBuffer(value)]);
    };
    await make('avro');
    await write('avro', [
      { value: framed({ id: 7, body: { text: 'seven' } }) },
      { value: 'x' },
      { value: framed({ id: 8, body: { text: 'eight' } }, 99) },
      { value: framed({ id: 9, body: { text: null } }) },
      { value: framed({ id: 10, body: { text: 'ten' } }).subarray(0, 8) },
      { value: framed({ id: 11, body: { text: 'eleven' } }) },
    ]);
    const settings = { format: 'avro', registry: registry.url, fields: { text: 'body.text' } };
    const login = { SOURCE_REGISTRY_USERNAME: 'u', SOURCE_REGISTRY_PASSWORD: 'p' };
    registry.fail(503);
    const refused = all(of('avro', settings, login), undefined, signal);
    await assert.rejects(refused, { name: 'ConfigError', message: /schema registry .*503/ });
    registry.fail(undefined);
    const records = await all(of('avro', settings, login), undefined, signal);
    assert.deepEqual(said(records), [
      'seven',
      'reject undecodable-message',
      'reject unknown-schema',
      'reject malformed-record',
      'reject undecodable-message',
      'eleven',
    ]);
    assert.deepEqual(ids(records), ['7', '-', '-', '-', '-', '11']);
    await registry.close();
  });

  test('reads plain text, and waits for a broker that is away', async () => {
    await make('plain');
    await write('plain', [{ key: 'a', value: 'some text' }, { value: '' }, { value: 'more' }]);
    const iterator = of('plain', { format: 'text' }).read(undefined, signal);
    const found: Crawled[] = [];
    for await (const record of iterator) {
      found.push(record);
      if (found.length === 1) {
        await broker.kill();
        await broker.start();
      }
    }
    assert.deepEqual(said(found), ['some text', 'drop empty', 'more']);
    assert.deepEqual(ids(found), ['a', '-', 'plain/0/2']);
  });

  test('says what is not there, and what is missing', async () => {
    await assert.rejects(all(of('none'), undefined, signal), { name: 'ConfigError', message: /no topic none/ });
    assert.throws(() => of('avro', { format: 'avro' }), { name: 'ConfigError', message: /registry/ });
    assert.throws(() => of('x', { sasl: 'plain' }), { name: 'ConfigError', message: /SOURCE_KAFKA_USERNAME/ });
    const { code, err } = await deltasift(['sources', 'check', 'kafka:here']);
    assert.equal(code, 78);
    assert.match(err, /HOST:PORT/);
  });

  test('is checked from the command line', async () => {
    const { out, err, code } = await deltasift(['sources', 'check', `kafka:${broker.address}/pages`, '--json']);
    assert.equal(code, 0, err);
    assert.equal(JSON.parse(out).read, 9);
  });
});
