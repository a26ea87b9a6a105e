import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Crawled, Drop, type Outgoing, Reject, type Source, type Transport } from '../../../pipeline/contract.ts';
import { crawl, type Marks } from '../../../pipeline/crawl/crawl.ts';
import type { CursorMark } from '../../../pipeline/store/messages.ts';
import { countCodec, documentCodec } from '../../../schemas/codec.ts';
import { NO_PROVENANCE } from '../../../schemas/provenance.ts';

const { signal } = new AbortController();

const page = (i: number, text = `text ${i}`): Crawled => ({
  cursor: `c${i}`,
  document: { id: `id${i}`, url: null, text },
});

function sourceOf(records: readonly Crawled[], waits = false): Source {
  return {
    name: 'list:a',
    waits,
    async *read(cursor) {
      const from = records.findIndex((record) => record.cursor === cursor) + 1;
      yield* records.slice(from);
    },
  };
}

/** Keeps what is published, a group a time. */
function recorder() {
  const groups: (readonly Outgoing[])[] = [];
  const transport: Transport = {
    publish: async (messages) => void groups.push(messages),
    subscribe: () => assert.fail(),
    flush: () => assert.fail(),
    close: async () => {},
  };
  const of = (topic: string) => groups.flat().filter((message) => message.topic === topic);
  return { groups, transport, of };
}

/** What was read of the one source there is. */
function after(...all: readonly CursorMark[]): Marks {
  return {
    mark: (_, unit) => all.find((mark) => mark.unit === unit),
    read: () => all.reduce((sum, { read }) => sum + read, 0),
  };
}

const whole = { source: 'list:a', unit: '', version: null };
const fresh = { marks: after(), dedup: true };

describe('crawl', () => {
  test('publishes each document under the hash of its text, with its place in the source', async () => {
    const { transport, of } = recorder();
    await crawl(sourceOf([page(1, 'abc')]), transport, fresh, signal);
    const [message] = of('documents');
    const key = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    assert.equal(message?.key, key);
    const { traceparent, ...headers } = message.headers;
    assert.deepEqual(headers, { source: 'list:a', origin: 'c1' });
    assert.match(traceparent!, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.deepEqual(documentCodec.decode(message.value!), {
      key,
      id: 'id1',
      url: null,
      text: 'abc',
      ...NO_PROVENANCE,
      source: 'list:a',
      origin: 'c1',
    });
  });

  test('what the crawl says of a document goes with it, and the host of its address', async () => {
    const { transport, of } = recorder();
    const said = { canonicalUrl: 'https://a.example/', fetchedAt: '2024-01-31T23:59:59.000Z', language: 'en' };
    const document = {
      id: 'a',
      url: 'https://www.a.example:8080/x?y',
      text: 'abc',
      ...said,
      extraction: 'plain',
    } as const;
    const source = sourceOf([{ cursor: 'c', document: { ...document, title: ` A\n ${'title '.repeat(99)}` } }]);
    await crawl(source, transport, fresh, signal);
    const { key: _, title, ...rest } = documentCodec.decode(of('documents')[0]!.value!);
    assert.deepEqual(rest, { ...document, host: 'www.a.example:8080', source: 'list:a', origin: 'c' });
    assert.equal(title, `A ${'title '.repeat(50)}`.slice(0, 300));
  });

  test('every record has a trace of its own, the same one when the crawl goes on from an earlier cursor', async () => {
    const records = Array.from({ length: 20 }, (_, i) => page(i));
    const traces = async (marks: Marks) => {
      const { transport, of } = recorder();
      await crawl(sourceOf(records), transport, { marks, dedup: true }, signal);
      return of('documents').map(({ headers }) => headers['traceparent']);
    };
    const all = await traces(after());
    assert.equal(new Set(all).size, 20);
    assert.deepEqual(await traces(after({ ...whole, cursor: 'c11', read: 12 })), all.slice(12));
  });

  test('a lone surrogate counts as the replacement character that it becomes in UTF-8', async () => {
    const { transport, of } = recorder();
    await crawl(sourceOf([page(1, 'a\ud800b'), page(2, 'a\ufffdb'), page(3, 'a\udfffb')]), transport, fresh, signal);
    assert.equal(new Set(of('documents').map(({ key }) => key)).size, 1);
  });

  test('with dedup off, documents of equal text stay apart', async () => {
    const { transport, of } = recorder();
    await crawl(sourceOf([page(1, 'x'), page(2, 'x')]), transport, { ...fresh, dedup: false }, signal);
    const keys = of('documents').map(({ key }) => key);
    assert.equal(new Set(keys).size, 2);
    assert.equal(new Set(keys.map((key) => key.slice(0, 64))).size, 1);
  });

  test('every group goes out with the cursor behind it and the number of records read so far, the first ones soon', async () => {
    const { transport, groups } = recorder();
    const records = Array.from({ length: 190 }, (_, i) => page(i));
    await crawl(sourceOf(records), transport, fresh, signal);
    const marks = groups.map((group) => group.filter(({ topic }) => topic === 'cursors'));
    assert.deepEqual(
      marks.flat().map(({ key, value, headers }) => [key, String(value), headers['read']]),
      [
        ['list:a', 'c7', '8'],
        ['list:a', 'c23', '24'],
        ['list:a', 'c55', '56'],
        ['list:a', 'c119', '120'],
        ['list:a', 'c183', '184'],
        ['list:a', 'c189', '190'],
      ],
    );
  });

  test('resumed from any of its cursors, publishes exactly the rest', async () => {
    const records = Array.from({ length: 70 }, (_, i) => page(i));
    const uninterrupted = recorder();
    await crawl(sourceOf(records), uninterrupted.transport, { ...fresh, dedup: false }, signal);
    for (const read of [1, 63, 64, 69, 70]) {
      const rest = recorder();
      const marks = after({ ...whole, cursor: `c${read - 1}`, read });
      await crawl(sourceOf(records), rest.transport, { marks, dedup: false }, signal);
      assert.deepEqual(rest.of('documents'), uninterrupted.of('documents').slice(read));
    }
  });

  test('a limit counts the records of the whole scan, so that a finished one adds nothing', async () => {
    const records = Array.from({ length: 100 }, (_, i) => page(i));
    const first = recorder();
    await crawl(sourceOf(records), first.transport, { ...fresh, limit: 70 }, signal);
    assert.equal(first.of('documents').length, 70);
    const again = recorder();
    const marks = after({ ...whole, cursor: 'c69', read: 70 });
    await crawl(sourceOf(records), again.transport, { marks, dedup: true, limit: 70 }, signal);
    assert.deepEqual(again.groups, []);
  });

  test('what the source rejects is a dead letter with its bytes, what it drops is counted: in = out + dropped + rejected', async () => {
    const { transport, of } = recorder();
    const bytes = Uint8Array.of(1, 2);
    await crawl(
      sourceOf([
        page(1),
        { cursor: 'c2', reject: new Reject('malformed-record', 'no JSON'), bytes },
        { cursor: 'c3', drop: new Drop('not-text') },
        { cursor: 'c4', drop: new Drop('not-text') },
      ]),
      transport,
      fresh,
      signal,
    );
    const [letter] = of('dead');
    assert.deepEqual(letter?.value, Buffer.from(bytes));
    const { traceparent, ...headers } = letter.headers;
    assert.ok(traceparent);
    assert.deepEqual(headers, {
      stage: 'crawl',
      code: 'malformed-record',
      reason: 'no JSON',
      source: 'list:a',
      origin: 'c2',
    });
    assert.deepEqual(
      of('counts').map(({ value }) => countCodec.decode(value!)),
      [
        { stage: 'crawl', outcome: 'in', code: '', n: 4 },
        { stage: 'crawl', outcome: 'out', code: '', n: 1 },
        { stage: 'crawl', outcome: 'rejected', code: 'malformed-record', n: 1 },
        { stage: 'crawl', outcome: 'dropped', code: 'not-text', n: 2 },
      ],
    );
  });

  test('an abort ends it within the source’s wait: only whole groups were published, each with its cursor', async () => {
    const { transport, groups, of } = recorder();
    const stop = new AbortController();
    const endless: Source = {
      name: 'endless',
      async *read(_, abort) {
        for (let i = 0; ; i++) {
          if (i === 30) stop.abort(); // within the third group
          abort.throwIfAborted();
          yield page(i);
        }
      },
    };
    await assert.rejects(crawl(endless, transport, fresh, stop.signal), { name: 'AbortError' });
    assert.equal(of('documents').length, 24);
    assert.deepEqual(
      groups.map((group) => String(group.at(-1)?.value)),
      ['c7', 'c23'],
    );
  });

  test('where publishing fails, the source is let go', async () => {
    const { transport } = recorder();
    for (const waits of [false, true]) {
      let closed = false;
      const source: Source = {
        name: 'open',
        waits,
        async *read() {
          try {
            for (let i = 0; ; i++) yield page(i);
          } finally {
            closed = true;
          }
        },
      };
      const full: Transport = { ...transport, publish: () => Promise.reject(new Error('disk full')) };
      await assert.rejects(crawl(source, full, fresh, signal), /disk full/);
      assert.ok(closed);
    }
  });

  test('a source that waits has what it gave published before the wait', async () => {
    const { transport, of } = recorder();
    const more = Promise.withResolvers<void>();
    const source: Source = {
      name: 'pipe',
      waits: true,
      async *read() {
        yield page(1);
        yield page(2);
        await more.promise;
        yield page(3);
      },
    };
    const published = Promise.withResolvers<void>();
    const watched: Transport = {
      ...transport,
      async publish(messages, abort) {
        await transport.publish(messages, abort);
        if (of('documents').length === 2) published.resolve();
      },
    };
    const crawling = crawl(source, watched, fresh, signal);
    await published.promise;
    more.resolve();
    await crawling;
    assert.equal(of('documents').length, 3);
  });
});
