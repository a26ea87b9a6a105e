/** Secrets are planted wherever one is taken; no command prints one, whether it does its work, is refused or crashes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { type Broker, startBroker } from '../kit/broker.ts';
import { folders } from '../kit/folder.ts';
import { type FakeRegistry, startRegistry } from '../kit/registry.ts';
import { filled } from '../serve/served-store.ts';
import { deltasift, LAUNCHER } from './run.ts';

const TINY = fileURLToPath(new URL('../golden/tiny/', import.meta.url));
const MODEL = ['--base', join(TINY, 'base'), '--tuned', join(TINY, 'tuned'), '--window', '32', '--threads', '1'];
const folder = folders();

const canary = (name: string) => `canary-${name}-0123456789abcdef`;
const WEBHOOK = `whsec_${Buffer.from(canary('webhook').padEnd(32, '.')).toString('base64')}`;
const SLACK = `https://127.0.0.1:1/services/${canary('slack')}`;
/** A right password is the broker's; a wrong one is a canary too. */
const ENV = {
  KAFKA_USERNAME: 'app',
  KAFKA_PASSWORD: canary('kafka'),
  REGISTRY_USERNAME: 'app',
  REGISTRY_PASSWORD: canary('registry'),
  HF_TOKEN: canary('hub'),
  DELTASIFT_TOKEN: canary('api'),
  AWS_ACCESS_KEY_ID: 'app',
  AWS_SECRET_ACCESS_KEY: canary('aws'),
};
const RIGHT = { ...ENV, KAFKA_PASSWORD: 'app-secret' };

/** A secret as it is, and as it goes over a wire. */
const planted = [...Object.values(RIGHT), ENV.KAFKA_PASSWORD, WEBHOOK, canary('slack'), canary('url')]
  .filter((value) => value !== 'app')
  .flatMap((value) => [value, Buffer.from(value).toString('base64'), Buffer.from(`app:${value}`).toString('base64')])
  .concat(Buffer.from(`\0app\0${ENV.KAFKA_PASSWORD}`).toString('base64'));

function assertSilent(said: string, words: readonly string[]): void {
  for (const secret of planted) assert.ok(!said.includes(secret), `${words.join(' ')} printed ${secret}:\n${said}`);
}

/** Runs it in words and as JSON, and looks at all that it says. */
async function silent(
  words: readonly string[],
  expected: number,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  for (const given of [words, [...words, '--json']]) {
    const { code, out, err } = await deltasift(given, env);
    assertSilent(out + err, given);
    assert.equal(code, expected, `${given.join(' ')}: ${err}`);
  }
}

let broker: Broker;
let registry: FakeRegistry;
let at: readonly string[];
let crawl: string;
before(async () => {
  broker = await startBroker({ secure: true });
  registry = await startRegistry('Basic of somebody else');
  const login = ['--sasl', 'scram-sha-512', '--tls-ca', join(broker.dir, 'ca.pem')];
  at = ['--brokers', broker.secureAddress, ...login];
  const admin = kafkaClient({ brokers: [broker.address], clientId: 'test' }, 'patient').admin();
  await admin.connect();
  const [ALL, ALLOW, PREFIXED] = [2, 3, 4];
  await admin.createAcls({
    acl: [2, 3, 5].map((resourceType) => ({
      ...{ resourceType, resourceName: 'deltasift.', resourcePatternType: PREFIXED },
      ...{ principal: 'User:app', host: '*', operation: ALL, permissionType: ALLOW },
    })),
  });
  await admin.disconnect();
  crawl = join(folder(), 'crawl.jsonl');
  writeFileSync(crawl, '{"id":"a","text":"the river runs past mills and under two bridges"}\n{"id":"b"\n');
});
after(async () => {
  await registry.close();
  await broker.close();
});

/** A worker or a crawler until it is ready; what it says, and what it serves. */
async function served(words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [LAUNCHER, ...words, '--metrics', '0'], {
    env: RIGHT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = [text(child.stdout)];
  let heard = '';
  for await (const line of createInterface(child.stderr)) {
    heard += `${line}\n`;
    const [url] = /http:\S+/.exec(line) ?? [];
    if (url === undefined) continue;
    for (const path of ['/metrics', '/healthz', '/readyz', '/nothing']) {
      assertSilent(await (await fetch(new URL(path, url))).text(), [...words, path]);
    }
    child.kill('SIGTERM');
  }
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  assert.ok(code === 130 || code === 0, `${words.join(' ')}: ${code}: ${heard}`);
  assertSilent((await Promise.all(said)).join('') + heard, words);
}

describe('no secret is printed', () => {
  const commands = (): readonly (readonly string[])[] => [
    ['topics', 'create', '--partitions', '1'],
    ['topics', 'describe', '--partitions', '1'],
    ['crawl', '--source', `jsonl:${crawl}`],
    ['lag'],
    ['dead', 'list'],
    ['dead', 'replay', '--dry-run'],
    ['tap', 'documents'],
    ['delta', 'list'],
  ];

  test('by commands of a cluster that do their work', async () => {
    for (const words of commands()) await silent([...words, ...at], 0, RIGHT);
    await served(['worker', ...MODEL, ...at]);
    await served(['crawl', '--source', `jsonl:${crawl}`, '--follow', ...at]);
  });

  test('by commands of a cluster that refuses the password', async () => {
    const all = [...commands(), ['worker', ...MODEL], ['gather', ...MODEL, '--store', join(folder(), 'store')]];
    for (const words of all) await silent([...words, ...at], 78, ENV);
  });

  test('by commands whose registry refuses the password, or the token', async () => {
    const words = ['topics', 'create', '--wire', 'confluent', '--registry', registry.url, ...at];
    await silent(words, 78, RIGHT);
    const { REGISTRY_USERNAME: _, REGISTRY_PASSWORD: token, ...others } = RIGHT;
    await silent(words, 78, { ...others, REGISTRY_TOKEN: token });
    await silent(['topics', 'create', '--registry', `http://app:${canary('url')}@127.0.0.1:1`, ...at], 78, RIGHT);
  });

  test('by those that say what they would do, by one that cannot, and by sinks that cannot be reached', async () => {
    const dir = folder();
    filled(dir, 3).close();
    writeFileSync(join(dir, 'webhook'), `${WEBHOOK}\n`);
    writeFileSync(join(dir, 'slack'), `${SLACK}\n`);
    const config = join(dir, 'config.yaml');
    writeFileSync(
      config,
      `alerts:
  - { name: high, above: 0.5 }
sinks:
  - { name: hook, kind: webhook, url: "https://127.0.0.1:1/hook", secretFile: ${join(dir, 'webhook')}, allowHosts: [127.0.0.1] }
  - { name: chat, kind: slack, urlFile: ${join(dir, 'slack')}, allowHosts: [127.0.0.1] }
`,
    );
    await silent(['topology'], 0, ENV);
    const validated = await deltasift(['validate', '--config', config], ENV);
    assertSilent(validated.out + validated.err, ['validate']);
    const tested = await deltasift(['alerts', 'test', 'high', '--config', config], ENV);
    assertSilent(tested.out + tested.err, ['alerts', 'test']);
    assert.notEqual(tested.code, 0);
    await silent(['scan', ...MODEL, '--source', 's3://bucket/none.jsonl', '--store', join(dir, 'none')], 78, {
      ...ENV,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_REGION: 'here',
    });
    await silent(['delta', '--base', 'hf:org/none', '--tuned', 'hf:org/none'], 70, {
      ...ENV,
      HF_ENDPOINT: 'http://127.0.0.1:1',
      HF_HOME: folder(),
    });
    await silent(['serve', '--store', dir, '--serve', 'nowhere'], 78, ENV);
  });
});
