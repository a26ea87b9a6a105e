/** The command line against a real broker: a crawl and a worker give what a scan gives. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { scoreCodec } from '../../schemas/codec.ts';
import { type Broker, startBroker } from '../kit/broker.ts';
import { allRead, untilLag } from '../kit/lag.ts';
import { readCommitted } from '../kit/read-committed.ts';

const CLI = fileURLToPath(new URL('../../pipeline/cli.ts', import.meta.url));
const TINY = fileURLToPath(new URL('../golden/tiny/', import.meta.url));
const WORDS = 'the river of a small town runs past mills and under two bridges before it meets the sea'.split(' ');
const DOCUMENTS = 120;
const MODEL = ['--base', join(TINY, 'base'), '--tuned', join(TINY, 'tuned'), '--window', '32', '--threads', '1'];

let broker: Broker;
let dir: string;
let password = 'app-secret';

before(async () => {
  broker = await startBroker({ secure: true });
  dir = mkdtempSync(join(tmpdir(), 'deltasift-commands-'));
  const line = (i: number) => {
    const text = Array.from({ length: 12 }, (_, j) => WORDS[(i * 7 + j * (1 + (i % 5))) % WORDS.length]).join(' ');
    return JSON.stringify({ id: `d${i}`, text: i % 40 === 39 ? 'a' : `${text} ${i}` });
  };
  writeFileSync(join(dir, 'crawl.jsonl'), Array.from({ length: DOCUMENTS }, (_, i) => `${line(i)}\n`).join(''));
});
after(async () => {
  rmSync(dir, { recursive: true });
  await broker.close();
});

async function deltasift(...words: readonly string[]): Promise<string> {
  const env = { ...process.env, KAFKA_USERNAME: 'app', KAFKA_PASSWORD: password };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [CLI, ...words], { env });
  assert.ok(!`${stdout}${stderr}`.includes(password), 'a secret was printed');
  return stdout;
}

describe('the command line on a cluster', () => {
  test('crawl and worker score every document as a scan does, and a crawl that is done adds nothing', async () => {
    const at = ['--brokers', broker.address];
    await deltasift('topics', 'create', ...at, '--partitions', '3');
    assert.match(await deltasift('topics', 'describe', ...at, '--partitions', '3'), /as it should be/);
    const source = ['--source', `jsonl:${join(dir, 'crawl.jsonl')}`];
    assert.match(await deltasift('crawl', ...at, ...source), new RegExp(`^${DOCUMENTS} records`));
    assert.match(await deltasift('crawl', ...at, ...source), /^0 records/);

    const worker = spawn(process.execPath, [CLI, 'worker', ...at, ...MODEL], { stdio: 'inherit' });
    await untilLag(() => deltasift('lag', '--json', ...at), allRead, worker);
    worker.kill('SIGTERM');
    await once(worker, 'exit');

    const file = join(dir, 'scores.jsonl');
    await deltasift('scan', ...MODEL, ...source, '--store', join(dir, 'store'), '--scores', file);
    const expected = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; ranking: number });
    const connection = { brokers: [broker.address], clientId: 'test' };
    const scores = (await readCommitted(connection, 'deltasift.scores')).map(({ value }) => scoreCodec.decode(value!));
    assert.deepEqual(scores.map(({ id }) => id).sort(), expected.map(({ id }) => id).sort());
    for (const { id, ranking } of expected) {
      const ours = scores.find((one) => one.id === id)!;
      assert.ok(
        Math.abs(ours.ranking - ranking) <= 1e-6,
        `${id}: ${ours.ranking} on the cluster, ${ranking} in a scan`,
      );
    }
    await deltasift('gather', ...at, ...MODEL, '--store', join(dir, 'gathered'));
    const best = async (store: string) => {
      const lines = await deltasift('top', '--store', join(dir, store), '-k', '20', '--format', 'jsonl');
      return lines
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { id: string; ranking: number });
    };
    const [ours, theirs] = [await best('gathered'), await best('store')];
    for (const [i, { ranking }] of theirs.entries()) {
      assert.ok(Math.abs(ours[i]!.ranking - ranking) <= 1e-6, `rank ${i + 1}`);
    }

    const dead = JSON.parse(await deltasift('dead', 'list', '--json', ...at)) as {
      readonly letters: readonly { readonly headers: { readonly code: string } }[];
    };
    assert.ok(dead.letters.length > 0);
    assert.ok(dead.letters.every(({ headers }) => headers.code === 'too-short'));
  });

  test('TLS and SASL: who may not see a topic does not, who is granted it does, and a wrong password exits 78', async () => {
    const secure = ['--brokers', broker.secureAddress, '--tls-ca', join(broker.dir, 'ca.pem')];
    const describeAs = (sasl: string) =>
      deltasift('topics', 'describe', ...secure, '--sasl', sasl, '--partitions', '3');
    for (const sasl of ['plain', 'scram-sha-512']) {
      await assert.rejects(describeAs(sasl), { code: 78, message: /the user needs an ACL for Describe on topic/ });
    }

    const admin = kafkaClient({ brokers: [broker.address], clientId: 'test' }, 'patient').admin();
    await admin.connect();
    const [ALL, ALLOW, PREFIXED, TOPIC] = [2, 3, 4, 2];
    await admin.createAcls({
      acl: [
        {
          resourceType: TOPIC,
          resourceName: 'deltasift.',
          resourcePatternType: PREFIXED,
          principal: 'User:app',
          host: '*',
          operation: ALL,
          permissionType: ALLOW,
        },
      ],
    });
    await admin.disconnect();
    for (const sasl of ['plain', 'scram-sha-512']) assert.match(await describeAs(sasl), /as it should be/);

    password = 'wrong-canary';
    await assert.rejects(
      describeAs('plain'),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => {
        assert.equal(code, 78);
        assert.match(stderr, /refused the credentials/);
        assert.ok(!`${stdout}${stderr}`.includes(password), 'a secret was printed');
        return true;
      },
    );
  });
});
