/** Rules on a cluster, whose workers are killed around their commits. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kafkaClient } from '../../../pipeline/kafka/client.ts';
import { stamp } from '../../../pipeline/kafka/stamp.ts';
import { createTopics } from '../../../pipeline/kafka/topics.ts';
import { kafkaTransport } from '../../../pipeline/kafka/transport.ts';
import { alertCodec, scoreCodec } from '../../../schemas/codec.ts';
import type { AlertLine } from '../../../stages/alert/line.ts';
import { type Broker, startBroker } from '../../kit/broker.ts';
import { readCommitted } from '../../kit/read-committed.ts';
import { scoreOf } from '../../kit/store.ts';
import type { KillPoint } from './die-at.ts';

const WORKER = fileURLToPath(new URL('alert-worker.ts', import.meta.url));
const SCORES = 200;
const PARTITIONS = 2;
/** One of those that carry messages: the first ones of a writer are its sweep. */
const NTH = 2 * PARTITIONS + 4;
const POINTS: readonly KillPoint[] = ['written', 'committing', 'committed'];
/** Of rule `high`, above .5: told of on their own until the limit. */
const LIMIT = 60;

let broker: Broker;
let dir: string;
before(async () => {
  broker = await startBroker();
  dir = mkdtempSync(join(tmpdir(), 'deltasift-alerts-'));
});
after(async () => {
  rmSync(dir, { recursive: true });
  await broker.close();
});

test('match, alert and deliver killed around their commits: each alert is on its topic once, and each sink sees it', async () => {
  const connection = { brokers: [broker.address], clientId: 'test' };
  const admin = kafkaClient(connection, 'patient').admin();
  await admin.connect();
  await createTopics(admin, { prefix: '', partitions: PARTITIONS, replicas: 1 }, { apply: false });
  await admin.disconnect();
  const source = kafkaTransport({ connection, writes: ['scores'], stamp });
  const scores = Array.from({ length: SCORES }, (_, i) => scoreOf(`d${i}`, i % 100));
  await source.publish(
    scores.map((score) => ({
      topic: 'scores',
      key: score.key,
      value: scoreCodec.encode(score),
      headers: { traceparent: score.key },
    })),
    AbortSignal.timeout(60_000),
  );
  await source.close();

  const file = join(dir, 'told.jsonl');
  const run = async (leg: string, ...words: readonly string[]) => {
    const worker = spawn(process.execPath, [WORKER, broker.address, leg, file, ...words], { stdio: 'inherit' });
    const [code, signal] = (await once(worker, 'exit')) as [number | null, string | null];
    return code ?? signal;
  };
  for (const leg of ['watch', 'match', 'alert', 'digest', 'deliver.file']) {
    for (const point of leg === 'digest' ? [] : POINTS) {
      assert.equal(await run(leg, point, String(NTH)), 'SIGKILL', `${leg} at ${point}`);
    }
    assert.equal(await run(leg), 0, leg);
  }

  const messages = await readCommitted(connection, 'alerts');
  const alerts = messages.map(({ value }) => alertCodec.decode(value!));
  const matches = alerts.filter(({ kind }) => kind === 'match');
  const idsOf = (rule: string) =>
    matches
      .filter((one) => one.rule === rule)
      .map(({ key }) => key)
      .sort();
  const high = scores.filter(({ ranking }) => ranking > 0.5).map(({ key }) => key);
  assert.deepEqual(idsOf('all'), scores.map(({ key }) => key).sort());
  assert.deepEqual(idsOf('high'), high.sort());
  assert.ok(
    messages.every(({ headers }, i) => alerts[i]!.kind !== 'match' || headers['traceparent'] === alerts[i]!.key),
  );
  const held = matches.filter((one) => one.held === 'limit').length;
  assert.equal(held, high.length - LIMIT, 'the limit counts through every kill');
  const digested = alerts.filter(({ kind }) => kind === 'digest').reduce((sum, { count }) => sum + count, 0);
  assert.equal(digested, held, 'a digest holds each of them once');

  const told = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AlertLine);
  assert.ok(
    told.every(({ kind, traceparent, key }) => kind !== 'match' || traceparent === key),
    'the trace goes from the score to the sink',
  );
  const due = alerts.filter((one) => one.held === '').map(({ id }) => id);
  assert.deepEqual([...new Set(told.map(({ id }) => id))].sort(), due.sort());

  const values = (await readCommitted(connection, 'rules')).filter(({ key }) => key.startsWith('status/all/'));
  const { seen } = JSON.parse(String(values.at(-1)!.value)) as { readonly seen: number };
  assert.equal(seen, SCORES, 'the distribution counts each document once');
});
