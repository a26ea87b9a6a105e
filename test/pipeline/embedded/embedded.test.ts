import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Delivered, Outgoing } from '../../../pipeline/contract.ts';
import { type EmbeddedOptions, embeddedTransport } from '../../../pipeline/embedded/embedded.ts';
import { countMessage, cursorMessage } from '../../../pipeline/store/messages.ts';
import { openStore } from '../../../pipeline/store/store.ts';
import { folders } from '../../kit/folder.ts';
import { type Ground, transportContract } from '../../kit/transport.ts';

const folder = folders();
const QUICK = { batch: 4, attempts: 3, backOffMs: 1 } as const;

/** A transport on a store of its own. */
function embedded(options: EmbeddedOptions = {}) {
  const store = openStore(folder());
  const scan = store.scan('scan');
  return { store, scan, transport: embeddedTransport(scan, { ...QUICK, ...options }) };
}

async function ground(): Promise<Ground> {
  const dir = folder();
  let store = openStore(dir);
  return {
    topics: ['from', 'to'],
    batch: QUICK.batch,
    async open() {
      store.close();
      store = openStore(dir);
      return embeddedTransport(store.scan('scan'), QUICK);
    },
    written: async () => store.scan('scan').log.read('to', 0, 1000),
    close: async () => store.close(),
  };
}

const texts = (count: number): readonly Outgoing[] =>
  Array.from({ length: count }, (_, i) => ({ topic: 'texts', key: `${i}`, value: null, headers: {} }));

const drain = async (batch: readonly Delivered[]) => batch.map(() => []);

describe('embedded transport', () => {
  transportContract(ground, { exactBatches: true });

  test('hands over whole batches only, until flush says that nothing more is coming', async () => {
    const { transport, store } = embedded();
    const stop = new AbortController();
    const sizes: number[] = [];
    const reading = transport.subscribe(
      'texts',
      'group',
      async (batch) => {
        sizes.push(batch.length);
        return drain(batch);
      },
      stop.signal,
    );
    for (let i = 0; i < 10; i++) {
      await transport.publish(texts(1), stop.signal);
      await breathe();
    }
    assert.deepEqual(sizes, [4, 4]);
    await transport.flush(stop.signal);
    assert.deepEqual(sizes, [4, 4, 2]);
    stop.abort();
    await reading;
    store.close();
  });

  test('the first batches are small, and grow to the full size: by offset alone, whatever was published when', async () => {
    for (const groups of [[200], [1, 7, 30, 2, 160]]) {
      const { transport, store } = embedded({ batch: 64 });
      const stop = new AbortController();
      const sizes: number[] = [];
      const count = async (batch: readonly Delivered[]) => {
        sizes.push(batch.length);
        return drain(batch);
      };
      const reading = transport.subscribe('texts', 'group', count, stop.signal);
      for (const group of groups) {
        await transport.publish(texts(group), stop.signal);
        await breathe();
      }
      await transport.flush(stop.signal);
      assert.deepEqual(sizes, [8, 8, 16, 32, 64, 64, 8]);
      stop.abort();
      await reading;
      store.close();
    }
  });

  test('for a source that waits, fewer go out after the linger time', async () => {
    const { transport, store } = embedded({ lingerMs: 1 });
    const stop = new AbortController();
    const handled = Promise.withResolvers<number>();
    const reading = transport.subscribe(
      'texts',
      'group',
      async (batch) => {
        handled.resolve(batch.length);
        return drain(batch);
      },
      stop.signal,
    );
    await transport.publish(texts(3), stop.signal);
    assert.equal(await handled.promise, 3);
    stop.abort();
    await reading;
    store.close();
  });

  test('publish waits while the slowest group is too far behind, and no longer', async () => {
    const { transport, store } = embedded({ highWater: 8 });
    const stop = new AbortController();
    const blocked = Promise.withResolvers<void>();
    const slow = async (batch: readonly Delivered[]) => {
      await blocked.promise;
      return drain(batch);
    };
    const reading = [
      transport.subscribe('texts', 'slow', slow, stop.signal),
      transport.subscribe('texts', 'quick', drain, stop.signal),
    ];
    await transport.publish(texts(9), stop.signal);
    const waiting = transport.publish(texts(1), stop.signal);
    let published = false;
    void waiting.then(() => {
      published = true;
    });
    for (let i = 0; i < 20; i++) await breathe();
    assert.equal(published, false);
    const giveUp = new AbortController();
    const second = transport.publish(texts(1), giveUp.signal);
    giveUp.abort();
    await assert.rejects(second, { name: 'AbortError' });
    blocked.resolve();
    await waiting;
    stop.abort();
    await Promise.all(reading);
    store.close();
  });

  test('messages that every group has handled are gone from the file', async () => {
    const { transport, scan, store } = embedded();
    const stop = new AbortController();
    const reading = transport.subscribe('texts', 'group', drain, stop.signal);
    await transport.publish(texts(10), stop.signal);
    await transport.flush(stop.signal);
    assert.deepEqual(scan.log.read('texts', 0, 100), []);
    assert.equal(scan.log.head('texts'), 10);
    stop.abort();
    await reading;
    store.close();
  });

  test('messages of the store change it in the commit that writes them', async () => {
    const { transport, scan, store } = embedded();
    const { signal } = new AbortController();
    const count = countMessage({ stage: 's', outcome: 'in', code: '', n: 2 });
    await transport.publish(
      [count, cursorMessage({ source: 'a', unit: 'u', cursor: 'c1', read: 7, version: null })],
      signal,
    );
    await transport.publish([count], signal);
    assert.deepEqual(scan.counts(), [{ stage: 's', outcome: 'in', code: '', n: 4 }]);
    assert.deepEqual(scan.mark('a', 'u'), { source: 'a', unit: 'u', cursor: 'c1', read: 7, version: null });
    store.close();
  });

  test('a sink that throws undoes the commit, and is given the same messages again', async () => {
    const seen: string[] = [];
    const sink = {
      topic: 'lines',
      write(messages: readonly Outgoing[]) {
        seen.push(messages.map(({ key }) => key).join());
        if (seen.length === 1) throw new Error('disk full');
      },
    };
    const { transport, scan, store } = embedded({ sinks: [sink] });
    const stop = new AbortController();
    const count = countMessage({ stage: 's', outcome: 'in', code: '', n: 1 });
    await transport.publish(texts(3), stop.signal);
    const reading = transport.subscribe(
      'texts',
      'group',
      async (batch) => batch.map(({ key }) => [{ topic: 'lines', key, value: null, headers: {} }, count]),
      stop.signal,
    );
    await transport.flush(stop.signal);
    assert.deepEqual(seen, ['0,1,2', '0,1,2']);
    assert.equal(scan.counts()[0]?.n, 3);
    stop.abort();
    await reading;
    store.close();
  });

  test('two scans of one store know nothing of each other', async () => {
    const { transport, store } = embedded();
    const other = embeddedTransport(store.scan('other'), QUICK);
    const { signal } = new AbortController();
    await transport.publish([...texts(3), countMessage({ stage: 's', outcome: 'in', code: '', n: 1 })], signal);
    assert.equal(store.scan('other').log.head('texts'), 0);
    assert.deepEqual(store.scan('other').counts(), []);
    await other.close();
    store.close();
  });
});
