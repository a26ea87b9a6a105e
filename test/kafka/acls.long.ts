/** The table of docs/acls.md on a broker that checks: its lines are enough for each command, and each name in them is needed. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Admin } from 'kafkajs';
import { environmentOf } from '../../pipeline/environment.ts';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { lagOf } from '../../pipeline/kafka/lag.ts';
import { clusterDeltas } from '../../pipeline/serve/cluster-deltas.ts';
import { ALERT_STEPS, INPUT, STEPS } from '../../pipeline/topology.ts';
import { deltasift, LAUNCHER } from '../cli/run.ts';
import { type Broker, startBroker } from '../kit/broker.ts';
import { folders } from '../kit/folder.ts';

const TINY = fileURLToPath(new URL('../golden/tiny/', import.meta.url));
const MODEL = ['--base', join(TINY, 'base'), '--tuned', join(TINY, 'tuned'), '--window', '32', '--threads', '1'];
const DROP = ['--near-duplicates', 'drop'];
const SECRETS = { KAFKA_USERNAME: 'app', KAFKA_PASSWORD: 'app-secret' };
const DOCUMENTS = 40;
const folder = folders();

/** Numbers of Kafka's protocol. */
const RESOURCES = { topic: 2, group: 3, 'transactional id': 5 } as const;
const RIGHTS = {
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Alter: 7,
  Describe: 8,
  DescribeConfigs: 10,
  AlterConfigs: 11,
};
const [LITERAL, PREFIXED] = [3, 4];
const [ANY, ALLOW] = [1, 3];

/** One name of a line. */
interface Right {
  readonly command: string;
  readonly right: keyof typeof RIGHTS;
  readonly on: keyof typeof RESOURCES;
  readonly name: string;
}

const table: readonly Right[] = readFileSync(new URL('../../docs/acls.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .flatMap((line) => {
    const [, command = '', right = '', on = '', names = ''] = line.split('|').map((cell) => cell.trim());
    assert.ok(right in RIGHTS && on in RESOURCES, line);
    return names.split(', ').map((name) => ({ command: command.slice(1, -1), right, on, name }) as Right);
  });
const linesOf = (command: string) => table.filter((line) => line.command === command);
/** What the command needs beside its own lines, as it is another with one flag more. */
const inherited = (command: string) =>
  ['--apply', '--keep-replay'].some((flag) => command.endsWith(flag)) ? linesOf(command.replace(/ --\S+$/, '')) : [];

let broker: Broker;
let admin: Admin;
before(async () => {
  broker = await startBroker({ secure: true });
  admin = kafkaClient({ brokers: [broker.address], clientId: 'test' }, 'patient').admin();
  await admin.connect();
});
after(async () => {
  await admin.disconnect();
  await broker.close();
});

/** The user may do this, and nothing else. */
async function allow(lines: readonly Right[], prefix: string): Promise<void> {
  const any = { resourceType: ANY, resourcePatternType: ANY, operation: ANY, permissionType: ANY };
  const there = async () => (await admin.describeAcls(any)).resources.flatMap(({ acls }) => acls).length;
  const until = async (count: number) => {
    for (let tries = 0; (await there()) !== count; tries++) {
      assert.ok(tries < 200, 'the broker does not learn of its ACLs');
      await delay(20);
    }
  };
  if ((await there()) > 0) await admin.deleteAcls({ filters: [any] });
  await until(0);
  const acl = lines.map(({ right, on, name }) => ({
    resourceType: RESOURCES[on],
    resourceName: prefix + name.replace(/\*$/, ''),
    resourcePatternType: name.endsWith('*') ? PREFIXED : LITERAL,
    principal: 'User:app',
    host: '*',
    operation: RIGHTS[right],
    permissionType: ALLOW,
  }));
  if (acl.length > 0) await admin.createAcls({ acl });
  await until(acl.length);
}

const secure = () => {
  const login = ['--sasl', 'scram-sha-512', '--tls-ca', join(broker.dir, 'ca.pem')];
  return ['--brokers', broker.secureAddress, ...login];
};

/** A file that no crawl has read. */
function crawlOf(): string {
  const file = join(folder(), 'crawl.jsonl');
  const words = 'the river of a small town runs past mills and under two bridges'.split(' ');
  const line = (i: number) => words.map((_, j) => words[(i * 7 + j * (1 + (i % 5))) % words.length]).join(' ');
  const documents = Array.from({ length: DOCUMENTS }, (_, i) => ({ id: `d${i}`, text: i % 9 === 0 ? 'a' : line(i) }));
  writeFileSync(file, documents.map((document) => `${JSON.stringify(document)}\n`).join(''));
  return `jsonl:${file}`;
}

/** A rule that holds documents for a digest, after the first. */
function rules(): readonly string[] {
  const dir = folder();
  const file = join(dir, 'rules.yaml');
  const rule = '{ name: any, above: -1, nearDuplicates: keep, limit: { alerts: 1, seconds: 3600 } }';
  writeFileSync(file, `alerts: [${rule}]\nsinks: ['file:${join(dir, 'alerts.jsonl')}']\ndigestSeconds: 1\n`);
  return ['--config', file];
}

/** The words of a command, where it takes more than its name. */
async function wordsOf(command: string): Promise<readonly string[]> {
  const words = command.split(' ');
  switch (command) {
    case 'crawl':
      return [...words, '--source', crawlOf()];
    case 'gather':
      return [...words, ...MODEL, '--store', join(folder(), 'store')];
    case 'topics delete':
      return [...words, '--yes'];
    default:
      if (command === 'worker --legs compare') return [...words, ...DROP];
      if (words[0] !== 'worker') return words;
      return [...words, ...(words.includes('--keep-replay') ? ['1GB'] : []), ...MODEL, ...rules()];
  }
}

/** As the user; a command that neither does its work nor ends is ended. */
async function asUser(words: readonly string[]): Promise<{ readonly code: unknown; readonly err: string }> {
  const patience = { env: SECRETS, timeout: 120_000 };
  return await promisify(execFile)(process.execPath, [LAUNCHER, ...words, ...secure()], patience).then(
    ({ stderr }) => ({ code: 0, err: stderr }),
    ({ code, stderr }: { code: unknown; stderr: string }) => ({ code, err: stderr }),
  );
}

/** What is wrong with how a command ends that lacks this right; nothing where it is said what is missing. */
async function complaint(line: Right, words: readonly string[], prefix: string): Promise<readonly string[]> {
  const { code, err } = await asUser(words);
  const name = (prefix + line.name.replace(/\*$/, '')).replaceAll('.', '\\.');
  const expected = new RegExp(`ACL for (${line.right}|Describe) on ${line.on} .*${name}`);
  if (code === 78 && expected.test(err)) return [];
  return [`without ${line.right} on ${line.on} ${line.name}: ${code}: ${err}`];
}

describe('a user with the rights of docs/acls.md', () => {
  const PREFIX = 'deltasift.';

  /** What the line was not taken from: everything, so that there is something to read. */
  before(async () => {
    const at = ['--brokers', broker.address];
    const ok = async (words: readonly string[]) => assert.equal((await deltasift([...words, ...at])).code, 0);
    await ok(['topics', 'create', '--partitions', '1']);
    await ok(['crawl', '--source', crawlOf()]);
    const words = ['worker', ...at, ...MODEL, ...DROP, ...rules(), '--keep-replay', '1GB'];
    const worker = spawn(process.execPath, [LAUNCHER, ...words], { env: {}, stdio: 'ignore' });
    for (const step of [...STEPS, 'compare', ...ALERT_STEPS] as const) await caughtUp(step, worker);
    worker.kill('SIGTERM');
    await once(worker, 'exit');
  });

  async function caughtUp(step: keyof typeof INPUT, worker: ChildProcess): Promise<void> {
    for (;;) {
      const lag = await lagOf(admin, `${PREFIX}${step}${step === 'deliver' ? '.file' : ''}`, PREFIX + INPUT[step]);
      if (lag.every((one) => one.end > 0 && one.lag === 0)) return;
      assert.equal(worker.exitCode, null, 'the worker ended');
      await delay(100);
    }
  }

  /** Starts a worker as that user, waits until it reads all of its partitions and has read them, and stops it. */
  async function works(command: string, words: readonly string[]): Promise<void> {
    const worker = spawn(process.execPath, [LAUNCHER, ...words, '--metrics', '0', ...secure()], {
      env: SECRETS,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    for await (const line of createInterface(worker.stderr)) {
      said += `${line}\n`;
      const [url] = /http:\S+/.exec(line) ?? [];
      if (url === undefined) continue;
      const isReady = () =>
        fetch(new URL('/readyz', url)).then(
          ({ ok }) => ok,
          () => false,
        );
      while (worker.exitCode === null && !(await isReady())) await delay(100);
      if (worker.exitCode === null) await caughtUp(command.split(' ')[2] as keyof typeof INPUT, worker);
      worker.kill('SIGTERM');
    }
    const [code] = worker.exitCode === null ? await once(worker, 'exit') : [worker.exitCode];
    assert.equal(code, 130, said);
  }

  /** What some leg was tried without: what all legs write, in the same way, is tried with one of them. */
  const needed = new Set<string>();

  for (const command of new Set(table.map((line) => line.command))) {
    if (command.startsWith('topics')) continue;

    test(`${command}: works, and without one of them ends with 78 and names it`, async () => {
      const lines = [...inherited(command), ...linesOf(command)];
      await allow(lines, PREFIX);
      const words = await wordsOf(command);
      if (command.startsWith('worker')) await works(command, words);
      else {
        const { code, err } = await asUser(words);
        assert.equal(code, 0, err);
      }
      const complaints: string[] = [];
      for (const line of linesOf(command)) {
        const { right, on, name } = line;
        if (command.startsWith('worker') && needed.has(`${right} ${on} ${name}`)) continue;
        needed.add(`${right} ${on} ${name}`);
        await allow(
          lines.filter((one) => one !== line),
          PREFIX,
        );
        complaints.push(...(await complaint(line, await wordsOf(command), PREFIX)));
      }
      assert.deepEqual(complaints, []);
    });
  }
});

describe('a server of a cluster', () => {
  test('that may not write deltas refuses to change one, and names the right', async () => {
    await allow(linesOf('delta list'), 'deltasift.');
    const { stdout } = await promisify(execFile)(process.execPath, [LAUNCHER, 'delta', 'list', '--json', ...secure()], {
      env: SECRETS,
    });
    const [{ id }] = JSON.parse(stdout).deltas;
    const deltas = clusterDeltas({
      cluster: {
        brokers: [broker.secureAddress],
        prefix: 'deltasift.',
        wire: 'single-object',
        sasl: 'scram-sha-512',
        tlsCa: join(broker.dir, 'ca.pem'),
      },
      dir: folder(),
      environment: environmentOf(SECRETS, '/', false),
      clock: () => 0,
    });
    await assert.rejects(deltas.pause(id, true, AbortSignal.timeout(60_000)), {
      name: 'Problem',
      status: 403,
      message: /ACL for Write on topic deltasift\.deltas/,
    });
  });
});

describe('an administrator of topics with the rights of docs/acls.md', () => {
  const PREFIX = 'made.';
  const at = ['--prefix', PREFIX];
  let partitions = 1;

  /** A topic is missing, and, for --apply, another differs. */
  async function disturb(command: string): Promise<readonly string[]> {
    const names = (await admin.listTopics()).filter((name) => name.startsWith(PREFIX));
    if (command.endsWith('--apply')) {
      partitions++;
      const configEntries = [{ name: 'retention.ms', value: '1000' }];
      await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: `${PREFIX}dead`, configEntries }] });
    } else if (command === 'topics create' && names.includes(`${PREFIX}drops`)) {
      await admin.deleteTopics({ topics: [`${PREFIX}drops`] });
    }
    const layout = command === 'topics delete' ? ['--yes'] : ['--partitions', String(partitions)];
    return [...command.split(' '), ...layout, ...at];
  }

  for (const command of ['topics create', 'topics describe', 'topics create --apply', 'topics delete']) {
    test(`${command}: works, and without one of them ends with 78 and names it`, async () => {
      const lines = [...inherited(command), ...linesOf(command)];
      const works = async () => {
        await allow(lines, PREFIX);
        const { code, err } = await asUser(await disturb(command));
        assert.equal(code, 0, err);
      };
      if (command !== 'topics delete') await works();
      const complaints: string[] = [];
      for (const line of linesOf(command)) {
        await allow(
          lines.filter((one) => one !== line),
          PREFIX,
        );
        complaints.push(...(await complaint(line, await disturb(command), PREFIX)));
      }
      assert.deepEqual(complaints, []);
      if (command !== 'topics delete') return;
      await works();
      const left = await admin.listTopics();
      assert.deepEqual(
        left.filter((name) => name.startsWith(PREFIX)),
        [],
      );
    });
  }

  test('a topic that a user may not see is not taken for one that is missing, and deleting nothing is no success', async () => {
    await allow([], PREFIX);
    for (const command of ['topics describe', 'topics delete']) {
      const [line] = linesOf(command);
      const words = [...command.split(' '), ...(command === 'topics delete' ? ['--yes'] : []), ...at];
      assert.deepEqual(await complaint(line!, words, PREFIX), []);
    }
  });
});
