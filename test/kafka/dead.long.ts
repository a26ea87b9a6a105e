/** Dead letters of a real cluster: listed, shown, and sent again. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Outgoing, Stage } from '../../pipeline/contract.ts';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { readSeen } from '../../pipeline/kafka/partition-state.ts';
import { stamp } from '../../pipeline/kafka/stamp.ts';
import { createTopics } from '../../pipeline/kafka/topics.ts';
import { kafkaTransport } from '../../pipeline/kafka/transport.ts';
import { legHandler } from '../../pipeline/legs/handlers.ts';
import { legPlan } from '../../pipeline/topology.ts';
import { countCodec, documentCodec } from '../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../schemas/provenance.ts';
import { topics } from '../../schemas/topics.ts';
import type { Document, Tokens } from '../../schemas/types.ts';
import { type Broker, startBroker } from '../kit/broker.ts';
import { readCommitted } from '../kit/read-committed.ts';
import { DELTA, gradient, POISON, SKETCH_WIDTH, tokenize } from './promises/stages.ts';

const CLI = fileURLToPath(new URL('../../pipeline/cli.ts', import.meta.url));
const PREFIX = 'dead-test.';
const GARBAGE = Buffer.from([0x00, 0xff, 0x1b, 0x5b]);

let broker: Broker;
before(async () => {
  broker = await startBroker();
});
after(() => broker.close());

const connection = () => ({ brokers: [broker.address], clientId: 'test' });

async function dead<T>(...words: readonly string[]): Promise<T> {
  const at = ['--brokers', broker.address, '--prefix', PREFIX, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'dead', ...words, ...at]);
  return JSON.parse(stdout) as T;
}

interface Letter {
  readonly place: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: string;
  readonly replayed: boolean;
}
interface List {
  readonly counts: Readonly<Record<string, number>>;
  readonly letters: readonly Letter[];
}
interface Replayed {
  readonly sent: number;
  readonly left: Readonly<Record<string, number>>;
}

function documentOf(i: number, text: string): Outgoing {
  const value = documentCodec.encode({ ...NO_PROVENANCE, key: `key${i}`, id: `d${i}`, url: null, text });
  const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(15)}${i}-01` };
  return { topic: 'documents', key: `key${i}`, value, headers };
}

/** A worker of the first leg, until all that was published is handled. */
async function work(tokenizer: Stage<Document, Tokens>, publish: readonly Outgoing[] = []): Promise<void> {
  const plan = legPlan('tokenize');
  const cluster = { client: kafkaClient(connection(), 'patient'), prefix: PREFIX };
  const leg = legHandler(plan, {
    tokenize: tokenizer,
    gradient,
    deltas: [DELTA],
    rankBy: 'cosine',
    longest: 100,
    keep: 1,
    pool: { size: 1, width: SKETCH_WIDTH },
    others: 0,
    filters: [],
    seen: (partition, signal) => readSeen(cluster, partition, 100, signal),
    saved: () => assert.fail(),
  });
  const transport = kafkaTransport({
    connection: connection(),
    prefix: PREFIX,
    stamp,
    writes: topics.map(({ name }) => name),
    prepare: (_, partition, signal) => leg.prepare(partition, signal),
  });
  const stop = new AbortController();
  await transport.publish(publish, AbortSignal.timeout(30_000));
  const reading = transport.subscribe('documents', 'tokenize', leg.handle, stop.signal);
  await Promise.race([transport.flush(AbortSignal.timeout(60_000)), reading]);
  stop.abort();
  await reading;
  await transport.close();
}

/** Takes what the other one rejects. */
const mended: Stage<Document, Tokens> = {
  ...tokenize,
  process: (batch, signal) =>
    tokenize.process(
      batch.map((one) => ({ ...one, text: `mended ${one.text}` })),
      signal,
    ),
};

async function balance(): Promise<Readonly<Record<string, number>>> {
  const sums: Record<string, number> = {};
  for (const { value } of await readCommitted(connection(), `${PREFIX}counts`)) {
    const { stage, outcome, n } = countCodec.decode(value!);
    sums[`${stage} ${outcome}`] = (sums[`${stage} ${outcome}`] ?? 0) + n;
  }
  for (const stage of new Set(Object.keys(sums).map((name) => name.split(' ')[0]!))) {
    const of = (outcome: string) => sums[`${stage} ${outcome}`] ?? 0;
    assert.equal(of('in'), of('out') + of('dropped') + of('rejected'), stage);
  }
  return sums;
}

describe('dead letters', () => {
  test('are listed with their counts, shown whole, and sent again once, as they came', async () => {
    const admin = kafkaClient(connection(), 'patient').admin();
    await admin.connect();
    await createTopics(admin, { prefix: PREFIX, partitions: 2, replicas: 1 }, { apply: false });
    await admin.disconnect();
    const garbage: Outgoing = { topic: 'documents', key: 'garbage', value: GARBAGE, headers: {} };
    const unread: Outgoing = {
      topic: 'dead',
      key: 'source#3',
      value: Buffer.from('{"id'),
      headers: { stage: 'crawl', code: 'malformed-record', reason: 'no JSON' },
    };
    const poison = [documentOf(1, `${POISON} one`), documentOf(2, `${POISON} two`)];
    await work(tokenize, [documentOf(0, 'good'), ...poison, garbage, unread]);
    await balance();

    const all = await dead<List>('list');
    assert.deepEqual(all.counts, { 'too-short': 2, 'undecodable-message': 1, 'malformed-record': 1 });
    const short = await dead<List>('list', '--code', 'too-short', '--stage', 'tokenize', '--topic', 'documents');
    assert.deepEqual(short.letters.map(({ key }) => key).sort(), ['key1', 'key2']);
    assert.deepEqual((await dead<List>('list', '--since', '1h', '--limit-dead', '1')).counts, all.counts);
    assert.deepEqual((await dead<List>('list', '--since', '2999-01-01')).letters, []);

    const place = all.letters.find(({ key }) => key === 'garbage')!.place;
    const one = await dead<Letter>('show', place);
    assert.equal(one.bytes, GARBAGE.toString('base64'));
    assert.match(one.headers['came-from']!, /^documents\/\d\/\d+$/);
    const words = await promisify(execFile)(process.execPath, [
      ...[CLI, 'dead', 'show', place, '--brokers', broker.address, '--prefix', PREFIX],
    ]);
    assert.match(words.stdout, /code: undecodable-message[\s\S]*4 bytes\n\n +0 {2}00 ff 1b 5b/);

    assert.deepEqual(await dead<Replayed>('replay', '--code', 'too-short', '--dry-run'), { sent: 2, left: {} });
    assert.deepEqual(await dead<Replayed>('replay', '--code', 'too-short'), { sent: 2, left: {} });
    assert.deepEqual(await dead<Replayed>('replay', '--code', 'too-short'), {
      sent: 0,
      left: { 'sent again before': 2 },
    });
    await work(mended);
    const tokens = await readCommitted(connection(), `${PREFIX}tokens`);
    assert.deepEqual(tokens.map(({ key }) => key).sort(), ['key0', 'key1', 'key2']);
    const again = tokens.find(({ key }) => key === 'key1')!;
    assert.equal(again.headers['traceparent'], poison[0]!.headers['traceparent']);
    assert.equal(again.headers['attempt'], '1');
    const documents = await readCommitted(connection(), `${PREFIX}documents`);
    for (const { key, value } of poison) {
      const own = documents.filter((message) => message.key === key);
      assert.deepEqual(
        own.map((message) => message.value),
        [value, value],
      );
    }
    const sums = await balance();
    assert.equal(sums['tokenize rejected'], 0);
    assert.equal(sums['tokenize out'], 3);
  });

  test('what is rejected every time is sent again three times, and then left', async () => {
    for (let attempt = 1; attempt <= 3; attempt++) {
      assert.equal((await dead<Replayed>('replay', '--code', 'undecodable-message')).sent, 1, `attempt ${attempt}`);
      await work(tokenize);
    }
    const { sent, left } = await dead<Replayed>('replay');
    assert.equal(sent, 0);
    assert.equal(left['rejected 3 times more after it was sent again'], 1);
    assert.equal(left['no message: its source could not read it'], 1);
    await balance();
  });
});
