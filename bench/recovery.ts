/** What a crash costs on a cluster: a broker that is killed, and a worker that comes with an empty machine. */
import { setTimeout as delay } from 'node:timers/promises';
import { kafkaClient } from '../pipeline/kafka/client.ts';
import { readShare } from '../pipeline/kafka/partition-state.ts';
import { kafkaTransport } from '../pipeline/kafka/transport.ts';
import { SELECTION, selectionMessage } from '../pipeline/store/messages.ts';
import { scoreCodec } from '../schemas/codec.ts';
import { NO_PROVENANCE } from '../schemas/provenance.ts';
import { random } from '../stages/math/random.ts';
import { select } from '../stages/select.ts';
import { type Broker, startBroker } from '../test/kit/broker.ts';
import { table } from './results.ts';

const RESTARTS = 5;
const CANDIDATES = 100_000;
const POOL = 1000;
const WIDTH = 4096;
/** Bytes of a text, as of a web page's first 128 tokens. */
const TEXT = 600;
const TOKENS = 127;
const DELTA = { id: 'd', norm: 1 };

export async function recoverySection(): Promise<readonly string[]> {
  const broker = await startBroker();
  try {
    const restarts = await brokerRestarts(broker);
    const rebuilt = await rebuild(broker);
    return [
      ...table(
        ['kill -9 of the broker', 'median', 'worst'],
        [['from its port being open to the next commit of a worker', s(median(restarts)), s(Math.max(...restarts))]],
      ),
      '',
      ...table(
        ['a share of the store, rebuilt from its topic', ''],
        [
          ['candidates', CANDIDATES.toLocaleString('en-US')],
          [`of them in the pool, with sketches of ${WIDTH} numbers`, POOL.toLocaleString('en-US')],
          ['seconds', rebuilt.toFixed(1)],
          ['candidates/s', Math.round(CANDIDATES / rebuilt).toLocaleString('en-US')],
        ],
      ),
    ];
  } finally {
    await broker.close();
  }
}

/** Seconds from the broker's port being open to the first commit afterwards, while a worker copies. */
async function brokerRestarts(broker: Broker): Promise<readonly number[]> {
  const connection = { brokers: [broker.address], clientId: 'bench' };
  await createTopics(broker, ['from', 'to']);
  const stop = new AbortController();
  const transport = kafkaTransport({
    connection,
    writes: ['from', 'to'],
    watch: {
      committed() {
        committedAt = performance.now();
        commits++;
      },
    },
  });
  let committedAt = 0;
  let commits = 0;
  const reading = transport.subscribe(
    'from',
    'copy',
    async (batch) => batch.map(({ key, value, headers }) => [{ topic: 'to', key, value, headers }]),
    stop.signal,
  );
  const publishing = (async () => {
    for (let i = 0; !stop.signal.aborted; i++) {
      const message = { topic: 'from', key: `k${i}`, value: Buffer.from(String(i)), headers: {} };
      await transport.publish([message], stop.signal);
      await delay(20);
    }
  })().catch(() => undefined);

  const seconds: number[] = [];
  for (let i = 0; i < RESTARTS; i++) {
    for (const from = commits; commits < from + 20; ) await delay(10);
    await broker.kill();
    const from = commits;
    await broker.start();
    const open = performance.now();
    while (commits === from) await delay(5);
    seconds.push(Math.max(0, committedAt - open) / 1000);
  }
  stop.abort();
  await Promise.all([reading, publishing]);
  await transport.close();
  return seconds;
}

/** Seconds from an empty machine to a stage that goes on where the last worker stopped. */
async function rebuild(broker: Broker): Promise<number> {
  const connection = { brokers: [broker.address], clientId: 'bench' };
  await createTopics(broker, [SELECTION]);
  const source = kafkaTransport({ connection, writes: [SELECTION] });
  for (let i = 0; i < CANDIDATES; i += 500) {
    await source.publish(
      Array.from({ length: 500 }, (_, n) => candidate(i + n)),
      AbortSignal.timeout(60_000),
    );
  }
  await source.close();

  const start = performance.now();
  const cluster = { client: kafkaClient(connection, 'patient'), prefix: '' };
  const saved = await readShare(cluster, 0, AbortSignal.timeout(600_000));
  const size = { keep: CANDIDATES, pool: { size: POOL, width: WIDTH }, others: 0 };
  const stage = select({ deltas: [DELTA], ...size }, saved);
  await stage.process([], AbortSignal.timeout(1000));
  return (performance.now() - start) / 1000;
}

function candidate(i: number) {
  const inPool = i < POOL;
  const words = random(1).words(i, 0, TEXT + TOKENS);
  const numbers = (n: number) => Float32Array.from({ length: n }, (_, j) => words[j % TEXT]! / 2 ** 32 - 0.5);
  const text = Buffer.from(words.subarray(0, TEXT).map((word) => 97 + (word % 26))).toString();
  const value = scoreCodec.encode({
    ...{ key: `${i}`, id: `${i}`, url: null, text, delta: DELTA.id, measurement: 'm', label: null, lossTuned: null },
    ...{ ranking: i / CANDIDATES, cosine: i / CANDIDATES, alignment: 1, gradientNorm: 2, loss: 3, lossTunedHead: 3 },
    ...{ tokens: TOKENS, window: 0, windows: 1, meanAlignment: 1, ids: new Int32Array(TOKENS), ...NO_PROVENANCE },
    ...{ tokenAlignment: numbers(TOKENS), sketch: inPool ? numbers(WIDTH) : new Float32Array() },
  });
  return selectionMessage({ delta: DELTA.id, list: inPool ? 'pool' : 'top', key: `${i}`, gain: 0, value });
}

async function createTopics(broker: Broker, names: readonly string[]): Promise<void> {
  const admin = kafkaClient({ brokers: [broker.address], clientId: 'bench' }, 'patient').admin();
  await admin.connect();
  const topics = names.map((topic) => ({ topic, numPartitions: 1, replicationFactor: 1 }));
  await admin.createTopics({ waitForLeaders: true, topics });
  await admin.disconnect();
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const s = (seconds: number) => `${seconds.toFixed(2)} s`;
