/** The transport against a real broker, which the test starts. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Delivered, Handle, Outgoing, Transport } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { type KafkaOptions, kafkaTransport } from '../../pipeline/kafka/transport.ts';
import { type Broker, startBroker } from '../kit/broker.ts';
import { readCommitted } from '../kit/read-committed.ts';
import { type Ground, transportContract } from '../kit/transport.ts';

const PARTITIONS = 3;
const QUICK = { sessionTimeoutMs: 2000, backOffMs: 10, lingerMs: 5 } as const;

let broker: Broker;
let topicNumber = 0;
let latestTopics: readonly string[] = [];
const open: Transport[] = [];

before(async () => {
  broker = await startBroker();
});
after(() => broker.close());
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const connection = () => ({ brokers: [broker.address], clientId: 'test' });

function transport(options: Partial<KafkaOptions> = {}): Transport {
  const made = kafkaTransport({ connection: connection(), writes: latestTopics, ...QUICK, ...options });
  open.push(made);
  return made;
}

/** Two fresh topics, to read from and to write to. */
async function freshTopics(): Promise<readonly [string, string]> {
  const admin = kafkaClient(connection(), 'patient').admin();
  await admin.connect();
  const names = [`in-${topicNumber}`, `out-${topicNumber}`] as const;
  topicNumber++;
  await admin.createTopics({
    waitForLeaders: true,
    topics: names.map((topic) => ({ topic, numPartitions: PARTITIONS, replicationFactor: 1 })),
  });
  await admin.disconnect();
  latestTopics = names;
  return names;
}

function messages(topic: string, count: number): readonly Outgoing[] {
  return Array.from({ length: count }, (_, i) => ({
    topic,
    key: `k${i % 17}`,
    value: Buffer.from(String(i)),
    headers: { traceparent: `00-${i}` },
  }));
}

const copyTo =
  (topic: string): Handle =>
  async (batch) =>
    batch.map(({ key, value, headers }) => [{ topic, key, value, headers }]);

const committed = (topic: string) => readCommitted(connection(), topic);
const numbers = (all: readonly { readonly value: Buffer | null }[]) =>
  all.map(({ value }) => Number(String(value))).sort((a, b) => a - b);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

const BATCH = 8;

async function ground(): Promise<Ground> {
  const names = await freshTopics();
  return {
    topics: names,
    batch: BATCH,
    open: async () => transport({ batch: BATCH, attempts: 3 }),
    written: () => committed(names[1]),
    close: async () => undefined,
  };
}

describe('kafka transport', () => {
  transportContract(ground, { exactBatches: false, patienceMs: 60_000 });

  test('batches are filled from all partitions, two in flight, and no more', async () => {
    const [from, to] = await freshTopics();
    const stop = new AbortController();
    const one = transport({ batch: 30, lingerMs: 200 });
    await one.publish(messages(from, 300), stop.signal);
    const sizes: number[] = [];
    let partitions = 0;
    let inFlight = 0;
    let most = 0;
    const reading = one.subscribe(
      from,
      'wide',
      async (batch, signal) => {
        most = Math.max(most, ++inFlight);
        sizes.push(batch.length);
        partitions = Math.max(partitions, new Set(batch.map(({ partition }) => partition)).size);
        await delay(5);
        inFlight--;
        return copyTo(to)(batch, signal);
      },
      stop.signal,
    );
    await one.flush(AbortSignal.timeout(20_000));
    stop.abort();
    await reading;
    await one.close();
    assert.equal(most, 2);
    assert.ok(partitions > 1);
    assert.ok(Math.max(...sizes) <= 30);
    assert.deepEqual(numbers(await committed(to)), range(300));
  });

  test('two workers share the partitions; one that comes and goes, twenty rebalances in all, loses nothing', async () => {
    const [from, to] = await freshTopics();
    const stop = new AbortController();
    const steady = transport({ batch: 10 });
    const slowly: Handle = async (batch, signal) => {
      await delay(10);
      return copyTo(to)(batch, signal);
    };
    await steady.publish(messages(from, 3000), stop.signal);
    const reading = steady.subscribe(from, 'shared', slowly, stop.signal);
    let theirs = 0;
    for (let i = 0; i < 10; i++) {
      const leave = new AbortController();
      const guest = transport({ batch: 10 });
      const visiting = guest.subscribe(
        from,
        'shared',
        async (batch, signal) => {
          theirs += batch.length;
          return slowly(batch, signal);
        },
        leave.signal,
      );
      await delay(700);
      leave.abort();
      await visiting;
      await guest.close();
    }
    await steady.flush(AbortSignal.timeout(60_000));
    stop.abort();
    await reading;
    await steady.close();
    assert.ok(theirs > 0);
    assert.deepEqual(numbers(await committed(to)), range(3000));
  });

  test('a broker that is killed and comes back loses nothing and doubles nothing', async () => {
    const [from, to] = await freshTopics();
    const stop = new AbortController();
    const one = transport({ batch: 10 });
    const reading = one.subscribe(from, 'survivor', copyTo(to), stop.signal);
    const publishing = (async () => {
      const all = messages(from, 2000);
      for (let i = 0; i < all.length; i += 20) {
        await one.publish(all.slice(i, i + 20), stop.signal);
        await delay(5);
      }
    })();
    await delay(700);
    await broker.kill();
    await broker.start();
    await publishing;
    await one.flush(AbortSignal.timeout(60_000));
    stop.abort();
    await reading;
    await one.close();
    assert.deepEqual(numbers(await committed(to)), range(2000));
  });

  test('a handler slower than the session timeout keeps its partitions: nothing is handed over twice', async () => {
    const [from, to] = await freshTopics();
    const stop = new AbortController();
    const one = transport({ batch: 4, inFlight: 1 });
    await one.publish(messages(from, 12), stop.signal);
    let handed = 0;
    const slowly: Handle = async (batch, signal) => {
      handed += batch.length;
      await delay(2.5 * QUICK.sessionTimeoutMs);
      return copyTo(to)(batch, signal);
    };
    const reading = one.subscribe(from, 'patient', slowly, stop.signal);
    await one.flush(AbortSignal.timeout(120_000));
    stop.abort();
    await reading;
    assert.equal(handed, 12);
    assert.deepEqual(numbers(await committed(to)), range(12));
  });

  test('a stop ends a worker within ten seconds though its handler does not, and nothing of the batch is written', async () => {
    const [from, to] = await freshTopics();
    const stop = new AbortController();
    const one = transport();
    await one.publish(messages(from, 5), stop.signal);
    const started = Promise.withResolvers<void>();
    const reading = one.subscribe(
      from,
      'stuck',
      () => {
        started.resolve();
        return new Promise(() => undefined);
      },
      stop.signal,
    );
    await started.promise;
    stop.abort();
    await Promise.race([
      Promise.all([reading, one.close()]),
      delay(10_000, undefined, { ref: false }).then(() => assert.fail('still running')),
    ]);
    assert.deepEqual(await committed(to), []);

    const next = transport();
    const go = new AbortController();
    const again = next.subscribe(from, 'stuck', copyTo(to), go.signal);
    await next.flush(AbortSignal.timeout(60_000));
    go.abort();
    await again;
    assert.deepEqual(numbers(await committed(to)), range(5), 'it was left to the next one');
  });

  test('a handler that never resolves is found out by the watchdog, and the reading rejects', async () => {
    const [from] = await freshTopics();
    const one = transport({ stallMs: 500 });
    await one.publish(messages(from, 5), AbortSignal.timeout(60_000));
    const reading = one.subscribe(from, 'stuck', () => new Promise(() => undefined), AbortSignal.timeout(60_000));
    await assert.rejects(reading, /nothing was committed for 500 ms/);
  });

  test('a subscription says when it reads all of its partitions, and what it has handled and committed', async () => {
    const [from, to] = await freshTopics();
    const stop = new AbortController();
    const told = { assigned: 0, ready: 0, handled: 0, committed: 0, outgoing: 0 };
    const one = transport({
      watch: {
        partitions: (assigned, ready) => Object.assign(told, { assigned, ready }),
        handled({ messages: count, waitedMs, tookMs }) {
          assert.ok(waitedMs >= 0 && tookMs >= 0);
          told.handled += count;
        },
        committed({ messages: count, outgoing }) {
          told.committed += count;
          told.outgoing += outgoing.length;
        },
      },
    });
    await one.publish(messages(from, 30), stop.signal);
    const reading = one.subscribe(from, 'watched', copyTo(to), stop.signal);
    await one.flush(AbortSignal.timeout(60_000));
    assert.deepEqual(told, { assigned: PARTITIONS, ready: PARTITIONS, handled: 30, committed: 30, outgoing: 30 });
    stop.abort();
    await reading;
  });

  test('a message for a topic that is not written to is refused', async () => {
    const [from] = await freshTopics();
    const one = transport();
    await assert.rejects(
      one.publish(messages('elsewhere', 1), AbortSignal.timeout(60_000)),
      /expected one of the topics/,
    );
    await one.publish(messages(from, 1), AbortSignal.timeout(60_000));
  });

  test('a topic that does not exist is a config error that says how to make it', async () => {
    const one = transport();
    await assert.rejects(
      one.subscribe('nowhere', 'g', async () => [], AbortSignal.timeout(5000)),
      (error: unknown) => error instanceof ConfigError && /topics create/.test(error.message),
    );
    await one.close();
  });
});

describe('kafkajs, mended', () => {
  test('a reader of committed messages sees none of a transaction that was aborted after a later one', async () => {
    const [topic] = await freshTopics();
    const client = kafkaClient(connection(), 'transactions');
    const producers = ['early', 'late', 'good'].map((transactionalId) => client.producer({ transactionalId }));
    for (const producer of producers) await producer.connect();
    const [early, late, good] = producers as [(typeof producers)[0], (typeof producers)[0], (typeof producers)[0]];
    const send = (to: Awaited<ReturnType<typeof early.transaction>>, value: string) =>
      to.send({ topic, messages: [{ key: 'k', value, partition: 0 }] });

    const first = await early.transaction();
    await send(first, 'aborted');
    const second = await late.transaction();
    await send(second, 'aborted');
    await second.abort();
    await delay(300); // its marker is written after the answer
    await send(first, 'aborted');
    await first.abort();
    const third = await good.transaction();
    await send(third, 'committed');
    await third.commit();
    for (const producer of producers) await producer.disconnect();

    const seen: readonly Delivered[] = await committed(topic);
    assert.deepEqual(
      seen.map(({ value }) => String(value)),
      ['committed'],
    );
  });
});
