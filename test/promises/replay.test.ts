/** Rejected documents that are sent back, on the embedded transport with a made-up model. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Crawled, Reject, type Source, type Stage } from '../../pipeline/contract.ts';
import { crawl } from '../../pipeline/crawl/crawl.ts';
import { DOCUMENTS } from '../../pipeline/crawl/group.ts';
import { embeddedTransport } from '../../pipeline/embedded/embedded.ts';
import { chain } from '../../pipeline/legs/chain.ts';
import { leg } from '../../pipeline/legs/leg.ts';
import { seenMessage, selectionMessage } from '../../pipeline/store/messages.ts';
import { openStore, type Store } from '../../pipeline/store/store.ts';
import { documentCodec } from '../../schemas/codec.ts';
import type { Document, Score } from '../../schemas/types.ts';
import { deduplicate } from '../../stages/deduplicate.ts';
import { type Selected, select } from '../../stages/select.ts';
import { folders } from '../kit/folder.ts';
import { DELTA, scoreOf } from '../kit/store.ts';

const folder = folders();
const RECORDS = 30;

const source: Source = {
  name: 'numbers',
  async *read(cursor) {
    for (let i = Number(cursor ?? -1) + 1; i < RECORDS; i++) {
      yield { cursor: String(i), document: { id: `id${i}`, url: null, text: `text ${i % 20}` } } satisfies Crawled;
    }
  },
};

/** Rejects what it takes to be broken, every third document above `limit`. */
const model = (limit: number): Stage<Document, Score> => ({
  name: 'model',
  process: (batch) =>
    batch.map(({ key, id, text }) => {
      const n = Number(text.slice(5));
      return n > limit && n % 3 === 0 ? new Reject('bad-token', `token ${n}`) : [scoreOf(key, n, { id })];
    }),
});

/** Scans into the store in `dir`, as far as there is anything left to do. */
async function scan(dir: string, limit: number): Promise<void> {
  const store = openStore(dir);
  store.addDelta({
    id: DELTA,
    base: 'b',
    tuned: 't',
    norm: 4,
    baseNorm: 9,
    measurement: 'm',
    keep: RECORDS,
    rankBy: 'cosine',
  });
  const progress = store.scan('scan');
  const transport = embeddedTransport(progress, { batch: 8, attempts: 1 });
  const saved = {
    best: (id: string) => store.members(id, 'top'),
    pool: () => [],
    other: () => [],
    state: store.state,
  };
  const options = { deltas: [{ id: DELTA, norm: 4 }], keep: RECORDS, pool: undefined, others: 0 };
  const handle = leg(() => chain(deduplicate(progress.seen), model(limit), select(options, saved)), {
    decode: documentCodec.decode,
    encode: ({ changes }: Selected) => changes.map(selectionMessage),
    remember: (key) => [seenMessage(key)],
  });
  const stop = new AbortController();
  const reading = transport.subscribe(DOCUMENTS, 'scan', handle, stop.signal);
  await crawl(source, transport, { marks: progress, dedup: true }, stop.signal);
  await transport.flush(stop.signal);
  stop.abort();
  await reading;
  store.close();
}

function using<T>(dir: string, body: (store: Store) => T): T {
  const store = openStore(dir);
  try {
    return body(store);
  } finally {
    store.close();
  }
}

const contents = (dir: string) =>
  using(dir, (store) => ({
    top: store.top(DELTA, RECORDS),
    quantiles: store.state(DELTA, 'quantiles'),
    counts: store.counts(),
    rejects: store.rejects().map(({ id, ...reject }) => reject),
  }));

describe('a rejected document that is sent back', () => {
  test('is scored by the next scan: the store is then that of a scan that never rejected it', async () => {
    const [never, once] = [join(folder(), 'never'), join(folder(), 'once')];
    await scan(never, RECORDS);
    await scan(once, 10);
    assert.notDeepEqual(contents(once), contents(never));
    assert.deepEqual(
      using(once, (store) => store.replay()),
      { sent: 3, left: 0 },
    );
    await scan(once, RECORDS);
    assert.deepEqual(contents(once), contents(never));
  });

  test('and is rejected again, is counted once', async () => {
    const dir = folder();
    await scan(dir, 10);
    const before = contents(dir);
    using(dir, (store) => store.replay());
    await scan(dir, 10);
    assert.deepEqual(contents(dir), before);
  });

  test('waits for the next scan: until then no stage counts it', async () => {
    const dir = folder();
    await scan(dir, 10);
    using(dir, (store) => store.replay());
    const { counts, rejects } = contents(dir);
    assert.deepEqual(rejects, []);
    assert.deepEqual(
      counts.filter(({ outcome }) => outcome === 'rejected'),
      [],
    );
    const [, deduplicated, passed] = counts.filter(({ outcome }) => outcome === 'in').map(({ n }) => n);
    assert.deepEqual([deduplicated, passed], [RECORDS - 3, 17]);
  });
});
