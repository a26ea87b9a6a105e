/** The texts that a partition has seen, at their bound: what comes again after that is scored again, and kept once. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Admin } from 'kafkajs';
import type { Outgoing, Transport } from '../../../pipeline/contract.ts';
import { kafkaClient } from '../../../pipeline/kafka/client.ts';
import { lagOf } from '../../../pipeline/kafka/lag.ts';
import { readSeen, readShare } from '../../../pipeline/kafka/partition-state.ts';
import { stamp } from '../../../pipeline/kafka/stamp.ts';
import { createTopics } from '../../../pipeline/kafka/topics.ts';
import { kafkaTransport } from '../../../pipeline/kafka/transport.ts';
import { INPUT, STEPS } from '../../../pipeline/topology.ts';
import { countCodec, documentCodec } from '../../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../../schemas/provenance.ts';
import { type Broker, startBroker } from '../../kit/broker.ts';
import { readCommitted } from '../../kit/read-committed.ts';
import { DELTA } from './stages.ts';

const PREFIX = 'seen.';
const BOUND = 3;

let broker: Broker;
let admin: Admin;
let transport: Transport;
before(async () => {
  broker = await startBroker();
  admin = kafkaClient(connection(), 'patient').admin();
  await admin.connect();
  await createTopics(admin, { prefix: PREFIX, partitions: 1, replicas: 1 }, { apply: false });
  transport = kafkaTransport({ connection: connection(), writes: ['documents'], prefix: PREFIX, stamp });
});
after(async () => {
  await transport.close();
  await admin.disconnect();
  await broker.close();
});

const connection = () => ({ brokers: [broker.address], clientId: 'seen' });
const cluster = () => ({ client: kafkaClient(connection(), 'patient'), prefix: PREFIX });

function documentOf(name: string): Outgoing {
  const named = { key: name.repeat(64), id: name, url: null, text: `text ${name}` };
  const value = documentCodec.encode({ ...named, ...NO_PROVENANCE, source: 'test', origin: name });
  return { topic: 'documents', key: named.key, value, headers: {} };
}

/** A worker that forgets beyond the bound reads these, and ends. Resolves with the ids that were scored from the beginning on. */
async function scoredAfter(names: string): Promise<string> {
  await transport.publish([...names].map(documentOf), AbortSignal.timeout(60_000));
  const script = fileURLToPath(new URL('worker.ts', import.meta.url));
  const worker: ChildProcess = spawn(process.execPath, [script, broker.address, PREFIX, '6000', String(BOUND)], {
    stdio: 'inherit',
  });
  for (const step of STEPS) {
    for (;;) {
      const lag = await lagOf(admin, PREFIX + step, PREFIX + INPUT[step]);
      if (lag.every((one) => one.end > 0 && one.lag === 0)) break;
      assert.equal(worker.exitCode, null, 'the worker ended');
      await delay(100);
    }
  }
  worker.kill('SIGTERM');
  await once(worker, 'exit');
  return (await readCommitted(connection(), `${PREFIX}scores`)).map(({ key }) => key[0]).join('');
}

test('one that the set holds is dropped; one that it forgot is scored again, also by the next owner, and is kept once', async () => {
  assert.equal(await scoredAfter('abcde'), 'abcde');
  // the next owner reads the set back from its topic: the newest of it
  const seen = await readSeen(cluster(), 0, BOUND, AbortSignal.timeout(60_000));
  assert.deepEqual(
    [...'abcde'].map((name) => seen.has(name.repeat(64))),
    [false, false, true, true, true],
  );
  assert.equal(await scoredAfter('edc'), 'abcde', 'known ones are dropped');
  assert.equal(await scoredAfter('ae'), 'abcdea', 'a was forgotten, and e is still known');

  const newest = new Map((await readCommitted(connection(), `${PREFIX}seen`)).map(({ key, value }) => [key, value]));
  assert.equal(
    [...newest.values()].filter((value) => value !== null).length,
    BOUND,
    'the topic is compacted to as many',
  );

  const share = await readShare(cluster(), 0, AbortSignal.timeout(60_000));
  const kept = Array.from(share.best(DELTA.id), ({ key }) => key[0]);
  assert.deepEqual(kept.sort(), [...'abcde']);
  const counts: Record<string, number> = {};
  for (const { value } of await readCommitted(connection(), `${PREFIX}counts`)) {
    const { stage, outcome, code, n } = countCodec.decode(value!);
    const name = `${stage}/${outcome}/${code}`;
    counts[name] = (counts[name] ?? 0) + n;
  }
  assert.deepEqual([counts['deduplicate/in/'], counts['deduplicate/dropped/duplicate']], [10, 4]);
  assert.equal(counts['tokenize/out/'], 6, 'one that was forgotten counts twice');
});
