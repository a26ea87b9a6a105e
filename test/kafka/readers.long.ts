/** Programs that are none of ours read every topic: kcat, and kafkajs with avsc and the published schemas. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import avro from 'avsc';
import type { Delivered } from '../../pipeline/contract.ts';
import { kafkaClient } from '../../pipeline/kafka/client.ts';
import { topics } from '../../schemas/topics.ts';
import { singleObjectPrefix, unframe } from '../../schemas/wire-format.ts';
import { deltasift, LAUNCHER } from '../cli/run.ts';
import { type Broker, startBroker } from '../kit/broker.ts';
import { folders } from '../kit/folder.ts';
import { allRead, untilLag } from '../kit/lag.ts';
import { readCommitted } from '../kit/read-committed.ts';

const READER = fileURLToPath(new URL('../../examples/read-topics/read.ts', import.meta.url));
const TINY = fileURLToPath(new URL('../golden/tiny/', import.meta.url));
const SCHEMAS = new URL('../../schemas/', import.meta.url);
const KCAT = '/usr/bin/kcat';
const folder = folders();
const run = promisify(execFile);

/** A message as a reader sees it; its value as base64. */
interface Read {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: string;
}

let broker: Broker;
before(async () => {
  broker = await startBroker();
  await fill();
});
after(async () => await broker.close());

/** Something in every topic: what a crawl and a worker write, and of what they did not, the golden messages. */
async function fill(): Promise<void> {
  const dir = folder();
  const word = (i: number, j: number) =>
    'the river of a town runs past mills and under bridges'.split(' ')[(i * j) % 11]!;
  const text = (i: number) => (i % 10 === 9 ? 'a' : Array.from({ length: 40 }, (_, j) => word(i + 1, j)).join(' '));
  const lines = Array.from({ length: 60 }, (_, i) => JSON.stringify({ id: `d${i}`, text: `${text(Math.min(i, 50))}` }));
  writeFileSync(join(dir, 'crawl.jsonl'), `${lines.join('\n')}\n{"id": 3\n`);
  const at = ['--brokers', broker.address];
  const ok = async (...words: readonly string[]) => {
    const { code, err, out } = await deltasift([...words, ...at]);
    assert.equal(code, 0, err);
    return out;
  };
  const rules = join(dir, 'rules.yaml');
  writeFileSync(rules, 'alerts: [{ name: any, above: -1 }]\nsinks: [stdout]\n');
  await ok('topics', 'create', '--partitions', '2');
  await ok('crawl', '--source', `jsonl:${join(dir, 'crawl.jsonl')}`);
  const model = ['--base', join(TINY, 'base'), '--tuned', join(TINY, 'tuned'), '--window', '32', '--threads', '1'];
  const options = ['--near-duplicates', 'drop', '--config', rules];
  const worker = spawn(process.execPath, [LAUNCHER, 'worker', ...at, ...model, ...options], {
    env: {},
    stdio: 'inherit',
  });
  await untilLag(() => ok('lag', '--json', ...options), allRead, worker);
  worker.kill('SIGTERM');
  await once(worker, 'exit');
  await ok('dead', 'replay', '--code', 'too-short');

  for (const { name, schema } of topics) {
    if ((await ours(name)).length > 0) continue;
    assert.ok(schema !== null, `nothing wrote ${name}, and it has no golden message`);
    const golden = readdirSync(new URL('golden/', SCHEMAS)).filter((file) => file.startsWith(`${schema}.`));
    const producer = kafkaClient({ brokers: [broker.address], clientId: 'test' }, 'patient').producer();
    await producer.connect();
    const messages = golden.map((file) => {
      const [, fingerprint = ''] = file.split('.');
      const { body } = unframe(readFileSync(new URL(`golden/${file}`, SCHEMAS)));
      const value = Buffer.concat([singleObjectPrefix(fingerprint), body]);
      return { key: file, value, headers: { schema: fingerprint } };
    });
    await producer.send({ topic: `deltasift.${name}`, messages });
    await producer.disconnect();
  }
}

async function ours(topic: string): Promise<readonly Delivered[]> {
  const all = await readCommitted({ brokers: [broker.address], clientId: 'test' }, `deltasift.${topic}`);
  return all.filter(({ value }) => value !== null);
}

/** `%S` is the length of a value, `%s` its bytes. */
async function kcat(topic: string): Promise<readonly Read[]> {
  const words = ['-C', '-q', '-b', broker.address, '-t', `deltasift.${topic}`, '-o', 'beginning', '-e'];
  const { stdout } = await run(KCAT, [...words, '-f', '%p %o %K %S\n%k%s'], { encoding: 'buffer', maxBuffer: 2 ** 28 });
  const read: Read[] = [];
  for (let at = 0; at < stdout.length; ) {
    const end = stdout.indexOf('\n', at);
    const [partition, offset, keyLength, valueLength] = stdout.toString('utf8', at, end).split(' ').map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const value = end + 1 + keyLength;
    at = value + Math.max(valueLength, 0);
    if (valueLength < 0) continue;
    const [key, bytes] = [stdout.toString('utf8', end + 1, value), stdout.toString('base64', value, at)];
    read.push({ partition, offset, key, value: bytes });
  }
  return read;
}

const inOrder = <T extends { readonly partition: number; readonly offset: number }>(all: readonly T[]): readonly T[] =>
  all.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);

describe('readers that are none of ours', () => {
  for (const { name, schema } of topics) {
    test(`kcat reads ${name}, byte for byte`, {
      skip: existsSync(KCAT) ? false : 'kcat is not installed',
    }, async () => {
      const expected = (await ours(name)).map(({ partition, offset, key, value }) => ({
        ...{ partition, offset: Number(offset), key },
        value: value!.toString('base64'),
      }));
      assert.ok(expected.length > 0);
      assert.deepEqual(inOrder(await kcat(name)), inOrder(expected));
    });

    test(`kafkajs and avsc read ${name} by the published schemas`, async () => {
      const { stdout } = await run(process.execPath, [READER, broker.address, `deltasift.${name}`], {
        maxBuffer: 2 ** 28,
      });
      const lines = stdout
        .trim()
        .split('\n')
        .map(
          (line) => JSON.parse(line) as Omit<Read, 'value'> & { readonly value: unknown; headers: { schema?: string } },
        );
      const expected = await ours(name);
      const decoded = expected.map(({ partition, offset, key, value, headers }) => {
        const base = { partition, offset: Number(offset), key };
        if (schema === null) return { ...base, value: value!.toString('base64') };
        const file = new URL(`published/${schema}.${headers['schema']}.avsc`, SCHEMAS);
        const type = avro.Type.forSchema(JSON.parse(readFileSync(file, 'utf8')) as avro.Schema);
        return { ...base, value: JSON.parse(JSON.stringify(type.fromBuffer(value!.subarray(10)))) as unknown };
      });
      const read = lines.map(({ partition, offset, key, value }) => ({ partition, offset, key, value }));
      assert.deepEqual(inOrder(read), inOrder(decoded));
    });
  }
});
