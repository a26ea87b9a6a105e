/** No loss by kill -9 in the middle of a crawl, whatever its kind, on a real broker: cursors and documents are one transaction. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { kafkaClient } from '../../../pipeline/kafka/client.ts';
import { documentCodec } from '../../../schemas/codec.ts';
import type { SourceSpec } from '../../../stages/sources/sources.ts';
import { deltasift } from '../../cli/run.ts';
import { startBroker } from '../../kit/broker.ts';
import { folders } from '../../kit/folder.ts';
import { readCommitted } from '../../kit/read-committed.ts';
import { crawlsOf } from '../../promises/crawls.ts';
import type { CrawlAll } from './crawl-all.ts';

const SCRIPT = fileURLToPath(new URL('crawl-all.ts', import.meta.url));
const KILLS = 20;
const texts = Array.from({ length: 400 }, (_, i) => `document ${i} has some words of its own, as ${i * 7919}`);
const broker = await startBroker();
after(async () => await broker.close());
const connection = { brokers: [broker.address], clientId: 'test' };

/** Those whose cursors differ. */
const KINDS = [
  'jsonl, packed',
  'parquet',
  'text',
  'warc',
  'wayback',
  'http-push',
  'feed',
  'a module of others',
] as const;

/** The texts in a topic of somebody else. */
async function topicOf(): Promise<SourceSpec> {
  const client = kafkaClient(connection, 'patient');
  const [admin, producer] = [client.admin(), client.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic: 'pages', numPartitions: 2 }], waitForLeaders: false });
  while ((await admin.fetchTopicOffsets('pages').catch(() => [])).length < 2) await delay(100);
  const messages = texts.map((one, i) => ({ partition: i % 2, value: JSON.stringify({ text: one }) }));
  await producer.send({ topic: 'pages', messages });
  await Promise.all([admin.disconnect(), producer.disconnect()]);
  return `kafka:${broker.address}/pages`;
}

const all = await crawlsOf(texts, folders());
const crawls: Readonly<Record<string, SourceSpec>> = {
  ...Object.fromEntries(KINDS.map((kind) => [kind, all[kind]!])),
  'a topic': await topicOf(),
};

async function run(kill?: CrawlAll['kill']): Promise<NodeJS.Signals | null> {
  const asked: CrawlAll = { brokers: broker.address, crawls, ...(kill && { kill }) };
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(asked)], { stdio: ['ignore', 'ignore', 'pipe'] });
  const [said, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.ok(code === 0 || signal === 'SIGKILL', said);
  return signal as NodeJS.Signals | null;
}

/** Texts that were published, as often as they were, sorted: by the kind of their source. */
async function published(): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const { value } of await readCommitted(connection, 'deltasift.documents')) {
    const { source, text: one } = documentCodec.decode(value!);
    const kind = source.slice(0, source.indexOf(':'));
    found.set(kind, [...(found.get(kind) ?? []), one]);
  }
  return new Map([...found].map(([kind, those]) => [kind, those.sort()]));
}

const kindOf = (name: string) => ({ 'a module of others': 'sqlite', 'a topic': 'kafka' })[name] ?? name.split(',')[0]!;

describe('killed twenty times, a crawl to a cluster publishes each document once, and misses none', () => {
  const names = Object.keys(crawls);
  const moments = ['inside', 'before', 'inside', 'after'] as const;
  let found: Awaited<ReturnType<typeof published>>;

  before(async () => {
    const { code, err } = await deltasift(['topics', 'create', '--brokers', broker.address, '--partitions', '1']);
    assert.equal(code, 0, err);
    for (let i = 0; i < KILLS; i++) {
      const kill = { crawl: names[i % names.length]!, commit: 1 + (i % 2), at: moments[i % 4]! };
      assert.equal(await run(kill), 'SIGKILL', `${kill.crawl} came to its end after ${i} kills`);
    }
    const so = await published();
    for (const name of names) assert.ok((so.get(kindOf(name)) ?? []).length < texts.length, `${name} was at its end`);
    assert.equal(await run(), null);
    found = await published();
  });

  for (const name of names) test(name, () => assert.deepEqual(found.get(kindOf(name)), texts.toSorted()));
});
