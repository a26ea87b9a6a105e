/** Two workers with the real (tiny) model, one of them killed, and poison in every topic: the same as an undisturbed scan. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { REJECT_CODES, type RejectCode } from '../../../pipeline/contract.ts';
import { kafkaClient } from '../../../pipeline/kafka/client.ts';
import { openStore } from '../../../pipeline/store/store.ts';
import { documentCodec, gradientsCodec, scoreCodec, tokensCodec } from '../../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../../schemas/provenance.ts';
import type { Gradients, Score, Tokens } from '../../../schemas/types.ts';
import { greedy } from '../../../stages/math/greedy.ts';
import { dot } from '../../../stages/math/vector.ts';
import { type Broker, startBroker } from '../../kit/broker.ts';
import { readCommitted } from '../../kit/read-committed.ts';
import { scoreOf } from '../../kit/store.ts';

const CLI = fileURLToPath(new URL('../../../pipeline/cli.ts', import.meta.url));
const TINY = fileURLToPath(new URL('../../golden/tiny/', import.meta.url));
const DOCUMENTS = 600;
const KEEP = 40;
const WIDTH = 256;
const PICKED = 10;
const MODEL = [
  ...['--base', join(TINY, 'base'), '--tuned', join(TINY, 'tuned'), '--window', '32', '--threads', '1'],
  ...['--keep', String(KEEP), '--pool', '40', '--sketch-width', String(WIDTH)],
];
const WORDS = 'the river of a small town runs past mills and under two bridges before it meets the sea at last'.split(
  ' ',
);

let broker: Broker;
let dir: string;
const workers: ChildProcess[] = [];

before(async () => {
  broker = await startBroker();
  dir = mkdtempSync(join(tmpdir(), 'deltasift-real-'));
});
after(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  rmSync(dir, { recursive: true });
  await broker.close();
});

async function deltasift(...words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...words], { maxBuffer: 2 ** 28 });
  return stdout;
}

test('workers that are killed, and poison in every topic, change no score, no ranking and no set', async () => {
  const file = join(dir, 'crawl.jsonl');
  writeFileSync(file, crawl());
  const source = ['--source', `jsonl:${file}`];
  const whole = join(dir, 'whole');
  const scores = join(dir, 'scores.jsonl');
  const { delta } = JSON.parse(
    await deltasift('scan', '--json', ...MODEL, ...source, '--store', whole, '--scores', scores),
  );
  const expected = linesOf<{ id: string; ranking: number }>(readFileSync(scores, 'utf8'));

  const at = ['--brokers', broker.address];
  await deltasift('topics', 'create', ...at, '--partitions', '4');
  const poison = poisonOf(delta);
  await send(poison);
  await deltasift('crawl', ...at, ...source);

  const start = (place: number) => {
    const words = ['worker', ...at, ...MODEL, '--metrics', '0'];
    workers[place] = spawn(process.execPath, [CLI, ...words], { stdio: ['ignore', 'inherit', 'pipe'] });
    return metricsOf(workers[place]!);
  };
  const [, url] = await Promise.all([start(0), start(1)]);
  await until(async () => (await behind(at)) < DOCUMENTS);
  workers[0]!.kill('SIGKILL');
  await start(0);
  await until(async () => (await fetch(new URL('/readyz', url))).status === 200);
  assert.equal((await fetch(new URL('/healthz', url))).status, 200);
  await until(async () => (await behind(at)) === 0);
  assert.match(await (await fetch(url)).text(), /^deltasift_messages_total\{leg="select"\} \d+$/m);
  for (const worker of workers) {
    worker.kill('SIGTERM');
    await once(worker, 'exit', { signal: AbortSignal.timeout(10_000) });
    assert.equal(worker.exitCode, 130, 'interrupted, as docs/cli.md says');
  }

  const connection = { brokers: [broker.address], clientId: 'test' };
  const dead = await readCommitted(connection, 'deltasift.dead');
  assert.deepEqual(
    poison.map(({ key, what }) => {
      const letters = dead.filter((letter) => letter.key === key);
      return letters.map(({ headers: { topic, code, reason } }) => ({
        topic,
        what,
        code,
        hasReason: reason !== undefined,
      }));
    }),
    poison.map(({ topic, what, code }) => [{ topic, what, code, hasReason: true }]),
  );
  assert.ok(dead.every(({ headers }) => REJECT_CODES.includes(headers['code'] as RejectCode)));

  for (const topic of ['bands', 'signatures']) {
    assert.deepEqual(
      await readCommitted(connection, `deltasift.${topic}`),
      [],
      'near duplicates that pass cost nothing',
    );
  }
  const keys = new Set(poison.map(({ key }) => key));
  const scored = (await readCommitted(connection, 'deltasift.scores')).filter(({ key }) => !keys.has(key));
  const byId = new Map(scored.map(({ value }) => scoreCodec.decode(value!)).map((one) => [one.id, one]));
  assert.equal(scored.length, expected.length, 'none lost, none twice');
  for (const { id, ranking } of expected) {
    const got = byId.get(id)?.ranking ?? Number.NaN;
    assert.ok(Math.abs(got - ranking) <= 1e-6, `${id}: ${got} on the cluster, ${ranking} in a scan`);
  }

  const gathered = join(dir, 'gathered');
  await deltasift('gather', ...at, ...MODEL, '--store', gathered);
  const best = async (store: string) =>
    linesOf<{ id: string; ranking: number }>(
      await deltasift('top', '--store', store, '-k', String(KEEP), '--format', 'jsonl'),
    );
  const [ours, theirs] = [await best(gathered), await best(whole)];
  for (const [i, { id, ranking }] of theirs.entries()) {
    assert.ok(Math.abs(ours[i]!.ranking - ranking) <= 1e-6, `rank ${i + 1}`);
    if (ours[i]!.id === id) continue;
    assert.ok(Math.abs(byId.get(id)!.ranking - ours[i]!.ranking) <= 1e-6, `rank ${i + 1} is ${ours[i]!.id}, not ${id}`);
  }
  const [split, one] = [await cosineOf(gathered, delta), await cosineOf(whole, delta)];
  assert.ok(split >= 0.99 * one, `cos(S, D) of a set from the workers' pools ${split}, from one pool ${one}`);
});

/** One document is two megabytes long, one has nothing to score. */
function crawl(): string {
  const line = (i: number) => {
    const words = Array.from(
      { length: i === 7 ? 400_000 : 14 },
      (_, j) => WORDS[(i * 7 + j * (1 + (i % 6))) % WORDS.length],
    );
    return JSON.stringify({ id: `d${i}`, text: i === 9 ? 'a' : `${words.join(' ')} ${i}` });
  };
  return Array.from({ length: DOCUMENTS }, (_, i) => `${line(i)}\n`).join('');
}

interface Poison {
  readonly topic: string;
  readonly key: string;
  readonly value: Buffer | null;
  readonly code: RejectCode;
  readonly what: string;
}

function poisonOf(delta: string): readonly Poison[] {
  const text = { id: 'poison', url: null, text: 'poison', ...NO_PROVENANCE };
  const tokens = {
    ...text,
    key: 'p',
    ids: Int32Array.of(1, 2, 3),
    lengths: Int32Array.of(3),
    firsts: Int32Array.of(1),
  };
  const gradients: Gradients = {
    ...tokens,
    ...{ tokens: Int32Array.of(2), measurement: 'm', deltas: delta, labels: new Int32Array() },
    ...{ loss: Float64Array.of(1), gradientNorm: Float64Array.of(1), alignment: Float64Array.of(1) },
    ...{ lossTunedHead: Float64Array.of(1), lossTuned: new Float64Array() },
    ...{ tokenAlignment: new Float32Array(2), sketch: new Float32Array(WIDTH) },
  };
  const score: Score = { ...scoreOf('p', 1), delta, sketch: new Float32Array(WIDTH) };
  const document = documentCodec.encode({ ...text, key: 'p' });
  const ofTokens = (change: Partial<Tokens>) => tokensCodec.encode({ ...tokens, ...change });
  const ofGradients = (change: Partial<Gradients>) => gradientsCodec.encode({ ...gradients, ...change });
  const ofScore = (change: Partial<Score>) => scoreCodec.encode({ ...score, ...change });

  const whole = { documents: document, tokens: ofTokens({}), sketches: ofGradients({}), scores: ofScore({}) };

  const kinds: readonly (readonly [string, string, Buffer | null, RejectCode?])[] = [
    ['documents', 'a wrong fingerprint', otherFingerprint(document), 'unknown-schema'],
    ['documents', 'a text that is too short', documentCodec.encode({ ...text, key: 'p', text: '' }), 'too-short'],
    ['tokens', 'a negative id', ofTokens({ ids: Int32Array.of(1, -5, 3) }), 'bad-token'],
    ['tokens', 'an id beyond the vocabulary', ofTokens({ ids: Int32Array.of(1, 2 ** 30, 3) }), 'bad-token'],
    ['tokens', 'a window longer than its ids', ofTokens({ lengths: Int32Array.of(9) })],
    [
      'tokens',
      'a window longer than the model takes',
      ofTokens({ ids: new Int32Array(99), lengths: Int32Array.of(99) }),
    ],
    ['tokens', 'no window', ofTokens({ ids: new Int32Array(), lengths: new Int32Array(), firsts: new Int32Array() })],
    ['sketches', 'a norm of NaN', ofGradients({ gradientNorm: Float64Array.of(Number.NaN) }), 'degenerate-gradient'],
    ['sketches', 'an alignment of NaN', ofGradients({ alignment: Float64Array.of(Number.NaN) }), 'degenerate-gradient'],
    ['sketches', 'two windows and one norm', ofGradients({ tokens: Int32Array.of(2, 2) })],
    ['scores', 'a ranking of NaN', ofScore({ ranking: Number.NaN })],
    ['scores', 'a sketch of another width', ofScore({ sketch: new Float32Array(3) })],
    ...Object.entries(whole).flatMap(([topic, value]): [string, string, Buffer | null][] => [
      [topic, 'no value', null],
      [topic, 'nothing', Buffer.alloc(0)],
      [topic, 'a torn message', value.subarray(0, 20)],
      [topic, 'random bytes', createHash('sha512').update(topic).digest()],
      [topic, 'a string of 2 GB, it says', Buffer.from([...value.subarray(0, 10), 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x41])],
    ]),
  ];
  return kinds.map(([topic, what, value, code = 'undecodable-message'], i) => ({
    ...{ topic, what, value, code },
    key: createHash('sha256').update(`poison ${i}`).digest('hex'),
  }));
}

function otherFingerprint(value: Buffer): Buffer {
  const other = Buffer.from(value);
  other.writeUInt32BE(0xdeadbeef, 4);
  return other;
}

async function send(poison: readonly Poison[]): Promise<void> {
  const producer = kafkaClient({ brokers: [broker.address], clientId: 'poison' }, 'patient').producer();
  await producer.connect();
  for (const { topic, key, value } of poison) {
    await producer.send({ topic: `deltasift.${topic}`, messages: [{ key, value }] });
  }
  await producer.disconnect();
}

/** Where a worker says that its metrics are. */
async function metricsOf({ stderr }: ChildProcess): Promise<string> {
  const found = Promise.withResolvers<string>();
  stderr!.on('data', (bytes: Buffer) => {
    process.stderr.write(bytes);
    const [url] = /http:\S+\/metrics/.exec(bytes.toString()) ?? [];
    if (url !== undefined) found.resolve(url);
  });
  return found.promise;
}

/** Messages that wait, in all topics. */
async function behind(at: readonly string[]): Promise<number> {
  const rows = JSON.parse(await deltasift('lag', '--json', ...at)) as readonly { readonly lag: number }[];
  return rows.reduce((sum, { lag }) => sum + lag, 0);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(300);
}

/** cos(S, D) of a set picked from the pool of a store, by its sketches. */
async function cosineOf(folder: string, delta: string): Promise<number> {
  const store = openStore(folder);
  const pool = [...store.members(delta, 'pool')];
  const deltaNorm = store.deltas().find(({ id }) => id === delta)!.norm;
  store.close();
  const { cosine } = await greedy(
    {
      alignments: Float64Array.from(pool, ({ alignment }) => alignment),
      norms: Float64Array.from(pool, ({ gradientNorm }) => gradientNorm),
      deltaNorm,
    },
    PICKED,
    async (indices) => indices.map((j) => Float32Array.from(pool, ({ sketch }) => dot(sketch, pool[j]!.sketch))),
    AbortSignal.timeout(60_000),
  );
  return cosine;
}

function linesOf<T>(text: string): readonly T[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}
