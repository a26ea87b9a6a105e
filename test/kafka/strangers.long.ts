/** Topics that keep state, into which others write too: what is nothing of ours is passed over, and nobody waits for it. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Producer } from 'kafkajs';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { DELTAS, openDeltaSet } from '../../pipeline/kafka/delta-set.ts';
import { readShare, readSignatures } from '../../pipeline/kafka/partition-state.ts';
import { createTopics } from '../../pipeline/kafka/topics.ts';
import { openWire } from '../../pipeline/kafka/wire.ts';
import { deltaCodec, scoreCodec, selectionCodec } from '../../schemas/codec.ts';
import type { Delta } from '../../schemas/types.ts';
import { type Broker, startBroker } from '../kit/broker.ts';
import { scoreOf } from '../kit/store.ts';

const signal = AbortSignal.timeout(120_000);
/** As of a registry, of another schema, cut off, and of nothing at all. */
const STRANGE = ['\0\0\0\0\u0007abc', '\u00c3\u0001abcdefgh', 'x', ''].map((text) => Buffer.from(text, 'latin1'));
const PREFIX = 'deltasift.';

let broker: Broker;
let producer: Producer;
let notes: string[];
before(async () => {
  broker = await startBroker();
  const client = kafkaClient(connection(), 'patient');
  const admin = client.admin();
  await admin.connect();
  for (const prefix of [PREFIX, 'other.']) {
    await createTopics(admin, { prefix, partitions: 1, replicas: 1 }, { apply: false });
  }
  await admin.disconnect();
  producer = client.producer();
  await producer.connect();
});
after(async () => {
  await producer.disconnect();
  await broker.close();
});
beforeEach(() => {
  notes = [];
});

const connection = () => ({ brokers: [broker.address], clientId: 'test' });

async function clusterOf(prefix: string) {
  const wire = await openWire({ format: 'single-object', registry: undefined, topicOf: (topic) => topic }, signal);
  return { client: kafkaClient(connection(), 'patient'), prefix, wire, note: (one: string) => void notes.push(one) };
}

async function send(topic: string, key: string, values: readonly (Buffer | null)[]): Promise<void> {
  await producer.send({ topic, messages: values.map((value) => ({ key, value })) });
}

const DELTA: Delta = {
  id: 'ab'.repeat(8),
  base: 'b',
  tuned: 't',
  norm: 1,
  baseNorm: 2,
  measurement: 'm',
  layers: 'head',
  rankBy: 'cosine',
  keep: 3,
  alone: false,
  state: 'active',
  changedAt: '2026-11-25T00:00:00Z',
};

describe('what strangers write', () => {
  test('into deltas is passed over, with a note, and does not stop who waits for what came behind it', async () => {
    await send(PREFIX + DELTAS, 'stranger', STRANGE);
    const set = await openDeltaSet(await clusterOf(PREFIX), signal).catch((error: unknown) => error);
    assert.ok(set instanceof Error && set.name === 'ConfigError', 'nothing there is known: as if of another wire');
    assert.match(set.message, /deltasift\.deltas\/0\/0: .*--registry/);

    await send(PREFIX + DELTAS, DELTA.id, [deltaCodec.encode(DELTA)]);
    const known = await openDeltaSet(await clusterOf(PREFIX), signal);
    assert.deepEqual(
      known.all().map(({ id }) => id),
      [DELTA.id],
    );
    await send(PREFIX + DELTAS, 'stranger', STRANGE);
    await known.catchUp(signal);
    await known.close();
    assert.ok(
      notes.some((note) => /deltasift\.deltas\/0\/0 is passed over/.test(note)),
      notes.join('\n'),
    );
  });

  test('into what a partition remembers is passed over', async () => {
    const cluster = await clusterOf('other.');
    for (const topic of ['selection', 'signatures']) await send(`other.${topic}`, 'ab/top/c', STRANGE);
    const kept = { delta: 'ab', list: 'top' as const, key: 'd', gain: 0, value: scoreCodec.encode(scoreOf('d', 50)) };
    await send('other.selection', 'ab/top/d', [selectionCodec.encode(kept)]);
    const share = await readShare(cluster, 0, signal);
    assert.deepEqual(
      Array.from(share.best('ab'), ({ key }) => key),
      ['d'],
    );
    const index = { add: () => assert.fail('nothing of ours'), delete: () => undefined };
    await readSignatures(cluster, 0, index, signal);
    assert.equal(notes.length, 2, notes.join('\n'));
  });
});
