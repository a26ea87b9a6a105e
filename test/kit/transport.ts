/** What every transport must do. Call it from the transport's own test file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Delivered, Handle, Message, Outgoing, Transport } from '../../pipeline/contract.ts';

/** A place where messages are kept: a broker, a file. What is opened on it twice is the same log. */
export interface Ground {
  /** Two fresh topics, to read from and to write to. */
  readonly topics: readonly [from: string, to: string];
  /** Messages to a full batch. */
  readonly batch: number;
  /** Tries three times at a batch, with little time between. */
  open(): Promise<Transport>;
  /** Everything committed to the second topic. */
  written(): Promise<readonly Message[]>;
  close(): Promise<void>;
}

export interface TransportContract {
  /** Whether batches are a function of the log and of `flush` alone, also across restarts. */
  readonly exactBatches: boolean;
  /** For whatever the transport takes its time with. */
  readonly patienceMs?: number;
}

const KEYS = 7;

export function transportContract(make: () => Promise<Ground>, { exactBatches, patienceMs = 5000 }: TransportContract) {
  const patience = () => AbortSignal.timeout(patienceMs);

  function promise(name: string, body: (ground: Ground) => Promise<void>): void {
    test(name, async () => {
      const ground = await make();
      try {
        await body(ground);
      } finally {
        await ground.close();
      }
    });
  }

  function messages(topic: string, count: number, from = 0): readonly Outgoing[] {
    return Array.from({ length: count }, (_, i) => ({
      topic,
      key: `k${(from + i) % KEYS}`,
      value: Buffer.from(String(from + i)),
      headers: { origin: `o${from + i}` },
    }));
  }

  const copyTo =
    (topic: string): Handle =>
    async (batch) =>
      batch.map(({ key, value, headers }) => [{ topic, key, value, headers }]);

  /** Reads until everything published is handled. */
  async function readAll(transport: Transport, topic: string, handle: Handle, group = 'group'): Promise<void> {
    const stop = new AbortController();
    const reading = transport.subscribe(topic, group, handle, stop.signal);
    try {
      await Promise.race([transport.flush(patience()), reading]);
    } finally {
      stop.abort();
      await Promise.allSettled([reading]);
    }
  }

  /** Once each, and in order within a key. */
  function assertCopied(written: readonly Message[], count: number): void {
    const numbers = written.map(({ value }) => Number(String(value)));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      [...Array(count).keys()],
      'each message once',
    );
    for (let key = 0; key < KEYS; key++) {
      const own = numbers.filter((n) => n % KEYS === key);
      assert.deepEqual(
        own,
        own.toSorted((a, b) => a - b),
        `order of key ${key}`,
      );
    }
  }

  promise(
    'resolve is commit: each message is handled and its outputs written once, in order within a key',
    async (ground) => {
      const [from, to] = ground.topics;
      const transport = await ground.open();
      const count = 5 * ground.batch + 3;
      await transport.publish(messages(from, count), patience());
      await readAll(transport, from, copyTo(to));
      await transport.close();
      const written = await ground.written();
      assertCopied(written, count);
      const one = written.find(({ value }) => String(value) === '1');
      assert.deepEqual({ key: one?.key, origin: one?.headers['origin'] }, { key: 'k1', origin: 'o1' });
    },
  );

  promise('a message may have no value, and may have no outputs or many', async (ground) => {
    const [from, to] = ground.topics;
    const transport = await ground.open();
    const seen: (Buffer | null)[] = [];
    await transport.publish([{ topic: from, key: 'a', value: null, headers: {} }, ...messages(from, 2)], patience());
    await readAll(transport, from, async (batch) => {
      seen.push(...batch.map(({ value }) => value));
      return batch.map(({ value }) => (value === null ? [] : [...messages(to, 2)]));
    });
    await transport.close();
    assert.equal(seen.filter((value) => value === null).length, 1);
    assert.equal((await ground.written()).length, 4);
  });

  promise('throw is redelivery: the batch comes again, and nothing of the failed try is written', async (ground) => {
    const [from, to] = ground.topics;
    const transport = await ground.open();
    const count = 8 * ground.batch;
    await transport.publish(messages(from, count), patience());
    let calls = 0;
    await readAll(transport, from, async (batch, signal) => {
      if (calls++ % 3 === 1) throw new Error('not now');
      return copyTo(to)(batch, signal);
    });
    await transport.close();
    assert.ok(calls > 8);
    assertCopied(await ground.written(), count);
  });

  promise('commits in order, though a later batch be ready first', async (ground) => {
    const [from, to] = ground.topics;
    const transport = await ground.open();
    const count = 4 * ground.batch;
    await transport.publish(messages(from, count), patience());
    let calls = 0;
    let atOnce = 0;
    let most = 0;
    await readAll(transport, from, async (batch, signal) => {
      most = Math.max(most, ++atOnce);
      if (calls++ % 2 === 0) for (let i = 0; i < 20; i++) await breathe();
      atOnce--;
      return copyTo(to)(batch, signal);
    });
    await transport.close();
    assert.ok(most <= 2, `${most} batches at a time`);
    assertCopied(await ground.written(), count);
  });

  promise('a batch that never succeeds ends the reading loudly, and those who wait for it', async (ground) => {
    const [from] = ground.topics;
    const transport = await ground.open();
    await transport.publish(messages(from, 3), patience());
    let calls = 0;
    const never: Handle = async () => {
      calls++;
      throw new RangeError('never');
    };
    const reading = transport.subscribe(from, 'group', never, patience());
    const flushing = transport.flush(patience());
    await Promise.all([assert.rejects(reading, RangeError), assert.rejects(flushing, RangeError)]);
    await assert.rejects(transport.publish(messages(from, 1), patience()), RangeError);
    assert.equal(calls, 3);
    await transport.close();
  });

  promise('a handler that loses an answer is a failure, not a commit', async (ground) => {
    const [from] = ground.topics;
    const transport = await ground.open();
    await transport.publish(messages(from, 3), patience());
    await assert.rejects(
      readAll(transport, from, async (batch) => batch.slice(1).map(() => [])),
      /a list for each of/,
    );
    await transport.close();
  });

  promise('an abort lets what is in flight be committed, and a restart goes on behind it', async (ground) => {
    const [from, to] = ground.topics;
    const count = 6 * ground.batch;
    const stop = new AbortController();
    const first = await ground.open();
    await first.publish(messages(from, count), patience());
    let handed = 0;
    const reading = first.subscribe(
      from,
      'group',
      async (batch, signal) => {
        handed += batch.length;
        stop.abort();
        for (let i = 0; i < 20; i++) await breathe();
        signal.throwIfAborted();
        return copyTo(to)(batch, signal);
      },
      stop.signal,
    );
    await reading;
    await first.close();
    assert.equal((await ground.written()).length, handed);

    const second = await ground.open();
    await readAll(second, from, copyTo(to));
    await second.close();
    assertCopied(await ground.written(), count);
  });

  promise('a group reads on where it was; another one reads on its own', async (ground) => {
    const [from] = ground.topics;
    const seen = { first: 0, second: 0 };
    const see =
      (group: keyof typeof seen): Handle =>
      async (batch) => {
        seen[group] += batch.length;
        return batch.map(() => []);
      };
    for (let run = 0; run < 2; run++) {
      const transport = await ground.open();
      const stop = new AbortController();
      const reading = (['first', 'second'] as const).map((group) =>
        transport.subscribe(from, group, see(group), stop.signal),
      );
      await transport.publish(messages(from, 2 * ground.batch + 1), patience());
      await transport.flush(patience());
      stop.abort();
      await Promise.all(reading);
      await transport.close();
    }
    assert.deepEqual(seen, { first: 4 * ground.batch + 2, second: 4 * ground.batch + 2 });
  });

  promise('flush resolves when everything published before it is handled, and rejects when aborted', async (ground) => {
    const [from] = ground.topics;
    const transport = await ground.open();
    const stop = new AbortController();
    let handled = 0;
    let blocked = Promise.withResolvers<void>();
    const reading = transport.subscribe(
      from,
      'group',
      async (batch) => {
        await blocked.promise;
        handled += batch.length;
        return batch.map(() => []);
      },
      stop.signal,
    );
    await transport.publish(messages(from, ground.batch + 2), patience());
    const flushing = transport.flush(patience());
    for (let i = 0; i < 20; i++) await breathe();
    assert.equal(handled, 0);
    blocked.resolve();
    await flushing;
    assert.equal(handled, ground.batch + 2);

    blocked = Promise.withResolvers();
    await transport.publish(messages(from, 1), patience());
    const giveUp = new AbortController();
    const second = transport.flush(giveUp.signal);
    giveUp.abort();
    await assert.rejects(second, { name: 'AbortError' });
    blocked.resolve();
    stop.abort();
    await reading;
    await transport.close();
  });

  if (!exactBatches) return;

  promise(
    'a batch is a function of the log alone: however often it is stopped, the same ones are handed over',
    async (ground) => {
      const [from, to] = ground.topics;
      const count = 7 * ground.batch + 2;
      const batches: string[][] = [];
      const keep = (batch: readonly Delivered[]) => batches.push(batch.map(({ value }) => String(value)));
      for (let published = 0, run = 0; published < count; run++) {
        const transport = await ground.open();
        const stop = new AbortController();
        const reading = transport.subscribe(
          from,
          'group',
          async (batch, signal) => {
            if (run % 2 === 1 && batches.length % 3 === 2) stop.abort();
            keep(batch);
            return copyTo(to)(batch, signal);
          },
          stop.signal,
        );
        const next = Math.min(ground.batch + run, count - published);
        await transport.publish(messages(from, next, published), patience());
        published += next;
        for (let i = 0; i < 20; i++) await breathe();
        stop.abort();
        await reading;
        await transport.close();
      }
      const last = await ground.open();
      await readAll(last, from, async (batch, signal) => {
        keep(batch);
        return copyTo(to)(batch, signal);
      });
      await last.close();
      assert.deepEqual(
        batches.map((batch) => batch.length),
        [...Array(7).fill(ground.batch), 2],
      );
      assertCopied(await ground.written(), count);
    },
  );
}
