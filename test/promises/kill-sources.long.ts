/** No loss by kill -9 in the middle of a crawl, whatever its kind, on the embedded transport. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../pipeline/store/store.ts';
import { documentCodec } from '../../schemas/codec.ts';
import { folders } from '../kit/folder.ts';
import { DELTA } from '../kit/store.ts';
import type { CrawlAll } from './crawl-all.ts';
import { crawlsOf } from './crawls.ts';

const SCRIPT = fileURLToPath(new URL('crawl-all.ts', import.meta.url));
const KILLS = 20;
const folder = folders();
const texts = Array.from({ length: 400 }, (_, i) => `document ${i} has some words of its own, as ${i * 7919}`);
const crawls = await crawlsOf(texts, folder);
const stores = folder();

async function run(kill?: CrawlAll['kill']): Promise<NodeJS.Signals | null> {
  const asked: CrawlAll = { crawls, folder: stores, ...(kill && { kill }) };
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(asked)], { stdio: ['ignore', 'ignore', 'pipe'] });
  const [said, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.ok(code === 0 || signal === 'SIGKILL', said);
  return signal as NodeJS.Signals | null;
}

/** Texts that were published, as often as they were, sorted. */
function published(crawl: string): readonly string[] {
  const store = openStore(join(stores, crawl), { readonly: true });
  try {
    const messages = store.scan(DELTA, { dedup: 'off' }).log.read('documents', 0, 10 * texts.length);
    return messages.map(({ value }) => documentCodec.decode(value!).text).sort();
  } finally {
    store.close();
  }
}

describe('killed twenty times, a crawl publishes each document once, and misses none', () => {
  const names = Object.keys(crawls);
  const moments = ['before', 'inside', 'after'] as const;

  before(async () => {
    for (let i = 0; i < KILLS; i++) {
      const kill = { crawl: names[i % names.length]!, commit: 1 + (i % 2), at: moments[i % 3]! };
      assert.equal(await run(kill), 'SIGKILL', `${kill.crawl} came to its end after ${i} kills`);
    }
    for (const name of names) assert.ok(published(name).length < texts.length, `${name} was at its end before`);
    assert.equal(await run(), null);
  });

  for (const name of names) test(name, () => assert.deepEqual(published(name), texts.toSorted()));
});
