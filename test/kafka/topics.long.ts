import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { ConfigError } from '../../pipeline/error.ts';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import {
  createTopics,
  type Difference,
  deleteTopics,
  describeTopics,
  type Layout,
} from '../../pipeline/kafka/topics.ts';
import { topics } from '../../schemas/topics.ts';
import { type Broker, startBroker } from '../kit/broker.ts';

let broker: Broker;

before(async () => {
  broker = await startBroker();
});
after(() => broker.close());

/** One client a call: kafkajs goes on asking for topics that it was once asked about, deleted or not. */
async function as<T>(what: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafkaClient({ brokers: [broker.address], clientId: 'test' }, 'patient').admin();
  await admin.connect();
  return await what(admin).finally(() => admin.disconnect());
}

const create = (layout: Layout, apply = false) => as((admin) => createTopics(admin, layout, { apply }));

/** A changed setting is shown some ms after the answer. */
async function differences(layout: Layout, areThere: (found: readonly Difference[]) => boolean): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const report = await as((admin) => describeTopics(admin, layout));
    if (areThere(report.differences)) return;
    await delay(50);
  }
  assert.fail('the topics are not as expected');
}
const none = (found: readonly Difference[]) => found.length === 0;

const layout = { prefix: 'a.', partitions: 2, replicas: 1 };

describe('topics on a cluster', () => {
  test('are made as they are written down, and making them again does nothing', async () => {
    const made = await create(layout);
    assert.deepEqual(
      made.map(({ topic }) => topic),
      topics.map(({ name }) => `a.${name}`),
    );
    await differences(layout, none);
    assert.deepEqual(await create(layout), []);
  });

  test('a difference is shown and refused, and with apply it is gone', async () => {
    const wider = { ...layout, partitions: 3 };
    await as((admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: 2, name: 'a.dead', configEntries: [{ name: 'retention.ms', value: '1000' }] }],
      }),
    );
    await differences(layout, (found) => found.some(({ what }) => what === 'retention.ms'));
    await assert.rejects(create(wider), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /a\.documents: partitions is 2, wanted 3/);
      assert.match(error.message, /a\.dead: retention\.ms is 1000, wanted 7776000000/);
      return true;
    });
    await create(wider, true);
    await differences(wider, none);
  });

  test('each setting that differs is shown, and applied, and what an administrator set besides stays', async () => {
    const wrong = {
      'a.documents': { 'retention.ms': '1000', 'min.insync.replicas': '1', 'segment.ms': '12345' },
      'a.selection': { 'cleanup.policy': 'delete', 'delete.retention.ms': '5' },
      'a.scores': { 'compression.type': 'gzip', 'max.message.bytes': '4096' },
    };
    const wider = { ...layout, partitions: 3 };
    await as((admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: Object.entries(wrong).map(([name, config]) => ({
          type: 2,
          name,
          configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
        })),
      }),
    );
    const expected = [
      'a.documents retention.ms',
      'a.documents compression.type',
      'a.documents max.message.bytes',
      'a.selection cleanup.policy',
      'a.selection delete.retention.ms',
      'a.scores compression.type',
      'a.scores max.message.bytes',
    ];
    await differences(wider, (found) => {
      const shown = new Set(found.map(({ topic, what }) => `${topic} ${what}`));
      return expected.every((one) => shown.has(one)) && [...shown].every((one) => /^a\.(doc|sel|sco)/.test(one));
    });
    await assert.rejects(create(wider), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /a\.selection: cleanup\.policy is delete, wanted compact/);
      assert.match(error.message, /a\.scores: max\.message\.bytes is 4096, wanted 8388608/);
      assert.match(error.message, /--apply/);
      return true;
    });
    await create(wider, true);
    await differences(wider, none);
    const { resources } = await as((admin) =>
      admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: 'a.documents' }] }),
    );
    const segment = resources[0]!.configEntries.find(({ configName }) => configName === 'segment.ms');
    assert.equal(segment?.configValue, '12345');
  });

  test('a topic that is missing among others is made, and where others differ nothing is, without apply', async () => {
    const wider = { ...layout, partitions: 3 };
    const remove = (name: string) => as((admin) => admin.deleteTopics({ topics: [name] }));
    await remove('a.seen');
    await differences(wider, (found) => found.length === 1);
    assert.deepEqual(
      (await create(wider)).map(({ topic, actual }) => [topic, actual]),
      [['a.seen', 'missing']],
    );
    await remove('a.seen');
    await differences(wider, (found) => found.length === 1);
    await assert.rejects(create({ ...layout, partitions: 4 }), /a\.documents: partitions is 3, wanted 4/);
    await differences(wider, (found) => found.length === 1);
    await create({ ...layout, partitions: 4 }, true);
    await differences({ ...layout, partitions: 4 }, none);
  });

  test('fewer partitions or other replicas are refused, apply or not', async () => {
    await assert.rejects(create({ ...layout, partitions: 1 }, true), /cannot change/);
    await assert.rejects(create({ ...layout, partitions: 4, replicas: 2 }, true), /replicas/);
    const copies = create({ ...layout, prefix: 'copies.', replicas: 3 });
    await assert.rejects(copies, { name: 'ConfigError', message: /--replicas 3: the cluster has 1 brokers/ });
  });

  test('more partitions are refused once there are messages, which were placed by how many there were', async () => {
    const producer = kafkaClient({ brokers: [broker.address], clientId: 'test' }, 'patient').producer();
    await producer.connect();
    await producer.send({ topic: 'a.cursors', messages: [{ key: 'a', value: '{}' }] });
    await producer.disconnect();
    const wider = { ...layout, partitions: 5 };
    for (const apply of [false, true]) {
      await assert.rejects(create(wider, apply), {
        name: 'ConfigError',
        message: /a\.cursors: .*\nthey hold messages/,
      });
    }
    await differences({ ...layout, partitions: 4 }, none);
  });

  test('another prefix is another set, and deleting takes one alone', async () => {
    const other = { ...layout, prefix: 'b.' };
    await create(other);
    assert.equal((await as((admin) => deleteTopics(admin, layout, AbortSignal.timeout(10_000)))).length, topics.length);
    await differences(other, none);
    await differences(layout, (found) => found.every(({ actual }) => actual === 'missing'));
  });
});
