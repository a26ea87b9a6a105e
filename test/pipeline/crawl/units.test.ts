import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Crawled, Outgoing, Source } from '../../../pipeline/contract.ts';
import { crawl, type Marks } from '../../../pipeline/crawl/crawl.ts';
import { ConfigError } from '../../../pipeline/error.ts';
import { CURSORS, type CursorMark, cursorMark } from '../../../pipeline/store/messages.ts';
import { documentCodec } from '../../../schemas/codec.ts';
import { jsonl } from '../../../stages/sources/jsonl.ts';
import { scratch } from '../../sources/scratch.ts';

/** Units of numbered records, which the test changes; `looks` counts how often they were asked for. */
function sourceOf(units: Map<string, readonly string[]>, settles = false) {
  const source: Source & { looks: number } = {
    name: 'units',
    looks: 0,
    read: () => assert.fail('a source with units is read by them'),
    async *units() {
      source.looks++;
      for (const [name, texts] of [...units].sort()) {
        yield {
          name,
          version: `${texts.length}`,
          settles,
          async *read(cursor) {
            for (const [i, text] of texts.entries()) {
              if (cursor !== undefined && i <= Number(cursor)) continue;
              yield { cursor: `${i}`, document: { id: `${name}${i}`, url: null, text } } satisfies Crawled;
            }
          },
        };
      }
    },
  };
  return source;
}

/** Applies what is published, as a store does. */
function memory() {
  const kept = new Map<string, CursorMark>();
  const groups: (readonly Outgoing[])[] = [];
  const marks: Marks = {
    mark: (_, unit) => kept.get(unit),
    read: () => [...kept.values()].reduce((sum, { read }) => sum + read, 0),
  };
  return {
    kept,
    groups,
    marks,
    ids: () =>
      groups.flat().flatMap(({ topic, value }) => (topic === 'documents' ? [documentCodec.decode(value!).id] : [])),
    async publish(messages: readonly Outgoing[]) {
      groups.push(messages);
      for (const message of messages) {
        if (message.topic === CURSORS) kept.set(cursorMark(message).unit, cursorMark(message));
      }
    },
  };
}

const { signal } = new AbortController();

describe('a crawl of a source with units', () => {
  test('goes on in each unit after what was read of it, wherever new ones stand among the others', async () => {
    const units = new Map([['b', ['1', '2']]]);
    const store = memory();
    const source = sourceOf(units);
    await crawl(source, store, { marks: store.marks, dedup: true }, signal);
    assert.deepEqual(store.ids(), ['b0', 'b1']);
    assert.deepEqual(store.kept.get('b'), { source: 'units', unit: 'b', cursor: '1', read: 2, version: '2' });

    const before = store.groups.length;
    await crawl(source, store, { marks: store.marks, dedup: true }, signal);
    assert.equal(store.groups.length, before, 'nothing is new, and nothing is published');

    units.set('a', ['3']).set('b', ['1', '2', '4']).set('empty', []);
    await crawl(source, store, { marks: store.marks, dedup: true }, signal);
    assert.deepEqual(store.ids(), ['b0', 'b1', 'a0', 'b2']);
    assert.deepEqual([store.kept.get('empty')?.read, store.kept.get('empty')?.version], [0, '0']);
  });

  test('many small units share a transaction, each with its cursor', async () => {
    const units = new Map(Array.from({ length: 100 }, (_, i) => [`${i + 100}`, [`text ${i}`]]));
    const store = memory();
    await crawl(sourceOf(units), store, { marks: store.marks, dedup: true }, signal);
    assert.equal(store.kept.size, 100);
    assert.ok([...store.kept.values()].every(({ version, read }) => version === '1' && read === 1));
    assert.ok(store.groups.length <= 6, `${store.groups.length} transactions`);
  });

  test('a limit counts records of all units, and goes on within one', async () => {
    const units = new Map([
      ['a', ['1', '2']],
      ['b', ['3', '4']],
    ]);
    const store = memory();
    const source = sourceOf(units);
    for (const limit of [3, 3, 4]) await crawl(source, store, { marks: store.marks, dedup: true, limit }, signal);
    assert.deepEqual(store.ids(), ['a0', 'a1', 'b0', 'b1']);
  });

  test('followed, reads what is new at every look, until it is told to stop', async () => {
    const units = new Map([['a', ['1']]]);
    const store = memory();
    const stop = new AbortController();
    const waits: number[] = [];
    const onWait = (ms: number) => {
      waits.push(ms);
      if (waits.length === 1) units.set('a', ['1', '2']);
      else if (waits.length === 2) units.set('0', ['3']);
      else stop.abort();
    };
    const crawling = crawl(
      sourceOf(units),
      store,
      { marks: store.marks, dedup: true, follow: { everyMs: 1, onWait } },
      stop.signal,
    );
    await assert.rejects(crawling, { name: 'AbortError' });
    assert.deepEqual(store.ids(), ['a0', 'a1', '00']);
    assert.deepEqual(waits, [1, 1, 1]);
  });

  test('followed, it leaves no listener on the signal, however often it looks at files that come and grow', async () => {
    const folder = scratch({ 'grows.jsonl': '{"text":"0"}\n' });
    const stop = new AbortController();
    const store = memory();
    const listeners: number[] = [];
    const onWait = () => {
      const n = listeners.push(getEventListeners(stop.signal, 'abort').length);
      for (const name of ['grows', `${n}`]) appendFileSync(join(folder, `${name}.jsonl`), `{"text":"${name} ${n}"}\n`);
      if (n === 20) stop.abort();
    };
    const options = { marks: store.marks, dedup: true, follow: { everyMs: 1, onWait } };
    await assert.rejects(crawl(jsonl.create(jsonl.config.parse({ path: folder })), store, options, stop.signal), {
      name: 'AbortError',
    });
    assert.equal(store.ids().length, 39); // of the first look one, of each further one two
    assert.deepEqual(new Set(listeners), new Set([0]));
  });

  test('followed, a unit that may be met half-written is read once it has not changed from one look to the next', async () => {
    const units = new Map([['a', ['half']]]);
    const store = memory();
    const stop = new AbortController();
    const found: number[] = [];
    const onWait = () => {
      found.push(store.ids().length);
      if (found.length === 1) units.set('a', ['half', 'whole']);
      if (found.length === 3) stop.abort();
    };
    const options = { marks: store.marks, dedup: true, follow: { everyMs: 1, onWait } };
    await assert.rejects(crawl(sourceOf(units, true), store, options, stop.signal), { name: 'AbortError' });
    assert.deepEqual(found, [0, 0, 2]);
  });

  test('a source without units cannot be followed, and says so', async () => {
    const store = memory();
    const pipe: Source = { name: 'pipe', async *read() {} };
    const options = { marks: store.marks, dedup: true, follow: { everyMs: 1, onWait: () => undefined } };
    await assert.rejects(
      crawl(pipe, store, options, signal),
      (error) => error instanceof ConfigError && /pipe cannot be followed/.test(error.message),
    );
  });
});
