/** What every source must do, whatever it crawls. Call it from the source's own test file. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Crawled, Drop, Reject, type Source, type Unit } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';

export interface SourceSamples {
  /** A source of 3 to 100 records, the same ones each time, that has an end. */
  readonly make: () => Source;
  /** A source of at least `bytes` bytes of content: the memory held while it is read must not grow with them. */
  readonly large?: { readonly make: () => Source; readonly bytes: number };
  /** A source that can be followed shows it: one of its own, with some records, that grows. */
  readonly growing?: () => Growing;
}

export interface Growing {
  readonly source: Source;
  /** Adds so many records to it: in new units, at any place among the others, and at the ends of those there are. */
  readonly grow: () => number;
}

/** Memory, in bytes, that a source may hold whatever its length: chunks read ahead, one record, its text. */
const HELD = 16 << 20;

export function sourceContract({ make, large, growing }: SourceSamples): void {
  const signal = new AbortController().signal;

  test('yields the same records in the same order each time, and tells what each one is', async () => {
    const records = await all(make(), undefined, signal);
    assert.ok(records.length >= 3, 'the samples hold fewer than three records');
    assert.deepEqual(await all(make(), undefined, signal), records);
    for (const record of records) assertWellFormed(record);
    assert.equal(new Set(records.map(({ cursor }) => cursor)).size, records.length, 'two records share a cursor');
    assert.equal(make().name, make().name);
  });

  test('resumes after every cursor with exactly the rest, in the same order', async () => {
    const records = await all(make(), undefined, signal);
    for (const [i, { cursor }] of records.entries()) {
      assert.deepEqual(await all(make(), cursor, signal), records.slice(i + 1), `after ${cursor}`);
    }
  });

  test('stops within a second of an abort', async () => {
    for (const before of [0, 1, 2]) {
      const abort = new AbortController();
      const records = make().read(undefined, abort.signal)[Symbol.asyncIterator]();
      for (let i = 0; i < before; i++) await records.next();
      abort.abort();
      const late = setTimeout(1000, undefined, { ref: false }).then(() => {
        throw new Error('still reading a second after the abort');
      });
      const outcome = await Promise.race([late, records.next().catch((error: unknown) => error)]);
      if (outcome instanceof Error) assert.equal(outcome.name, 'AbortError');
      else assert.equal((outcome as IteratorResult<Crawled>).done, true, 'yields after an abort');
    }
  });

  test('loses nothing and leaves nothing open when its reader throws or leaves', async () => {
    const records = await all(make(), undefined, signal);
    const open = openFiles().length;
    for (const at of [0, 1, records.length - 1]) {
      let cursor: string | undefined;
      const failure = new Error('the reader failed');
      async function fail(): Promise<void> {
        let i = 0;
        for await (const record of make().read(undefined, signal)) {
          if (i++ === at) throw failure;
          cursor = record.cursor;
        }
      }
      await assert.rejects(fail, failure);
      assert.deepEqual(await all(make(), cursor, signal), records.slice(at));
      for await (const _ of make().read(cursor, signal)) break;
    }
    for (let i = 0; i < 100 && openFiles().length > open; i++) await setTimeout(10); // sockets take their time
    assert.ok(openFiles().length <= open, `${openFiles().length} files are open, ${open} were`);
  });

  test('refuses a cursor that belongs to something else, and says so', async () => {
    for (const cursor of ['', 'x', '7', '{}', '{"other":"a","at":1}']) {
      await assert.rejects(all(make(), cursor, signal), (error: Error) => {
        assert.ok(error instanceof ConfigError, `${error.name}: ${error.message}`);
        assert.match(error.message, /cursor/);
        return true;
      });
    }
  });

  test('says how far it is, up to the end', async () => {
    const source = make();
    if (source.progress === undefined) return;
    let last = 0;
    for await (const _ of source.read(undefined, signal)) {
      const { bytes, totalBytes } = source.progress();
      assert.ok(bytes >= last && bytes <= (totalBytes ?? Infinity), `${bytes} after ${last}, of ${totalBytes}`);
      last = bytes;
    }
    const { bytes, totalBytes } = source.progress();
    if (totalBytes !== null) assert.equal(bytes, totalBytes);
  });

  if (make().units !== undefined) {
    test('its units, one after the other, yield what it yields; each resumes after every cursor', async () => {
      const records = await all(make(), undefined, signal);
      const source = make();
      const units = await unitsOf(source, signal);
      assert.equal(new Set(units.map(({ name }) => name)).size, units.length, 'two units share a name');
      const again = await unitsOf(source, signal);
      assert.deepEqual(
        again.map(({ name, version }) => [name, version]),
        units.map(({ name, version }) => [name, version]),
      );
      const parts = await Promise.all(units.map(({ read }) => Array.fromAsync(read(undefined, signal))));
      assert.deepEqual(parts.flat(), records);
      for (const [u, part] of parts.entries()) {
        for (const [i, { cursor }] of part.entries()) {
          assert.deepEqual(await Array.fromAsync(units[u]!.read(cursor, signal)), part.slice(i + 1), `after ${cursor}`);
        }
      }
    });
  }

  if (growing !== undefined) {
    test('followed, it yields exactly what is new, each time it is looked at', async () => {
      const { source, grow } = growing();
      const cursors = new Map<string, string>();
      const versions = new Map<string, string | null>();
      const texts: string[] = [];

      async function look(): Promise<number> {
        let found = 0;
        for (const { name, version, read } of await unitsOf(source, signal, true)) {
          if (version !== null && versions.get(name) === version) continue;
          versions.set(name, version);
          for await (const record of read(cursors.get(name), signal)) {
            cursors.set(name, record.cursor);
            texts.push(JSON.stringify(record));
            found++;
          }
        }
        return found;
      }

      assert.ok((await look()) > 0);
      for (let i = 0; i < 3; i++) {
        assert.equal(await look(), 0, 'nothing was added');
        const added = grow();
        assert.equal(await look(), added);
      }
      assert.equal(new Set(texts).size, texts.length, 'a record came twice');
    });
  }

  if (large === undefined) return;
  test(`holds no more memory however long it is (${large.bytes >> 20} MiB)`, async () => {
    assert.ok(large.bytes >= 2 * HELD, 'the large sample is too small to tell');
    const source = large.make();
    const idle = await heldBytes();
    let peak = 0;
    let i = 0;
    for await (const _ of source.read(undefined, signal)) {
      if (i++ % 1000 === 0) peak = Math.max(peak, (await heldBytes()) - idle);
    }
    assert.ok(peak <= HELD, `${peak} bytes held`);
  });
}

export async function all(
  source: Source,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<readonly Crawled[]> {
  return await Array.fromAsync(source.read(cursor, signal));
}

async function unitsOf(source: Source, signal: AbortSignal, follow = false): Promise<readonly Unit[]> {
  return await Array.fromAsync(source.units!(follow, signal));
}

function assertWellFormed(record: Crawled): void {
  if ('document' in record) {
    const { id, url, text, fetchedAt = null, language = null } = record.document;
    assert.ok(id.length > 0, 'a document without an id');
    assert.ok(text.length > 0 && text.isWellFormed(), `${id}: empty or lone surrogates`);
    assert.ok(url === null || url.length > 0, `${id}: an empty url`);
    assert.ok(
      fetchedAt === null || new Date(fetchedAt).toISOString() === fetchedAt,
      `${id}: fetchedAt is ${fetchedAt}; expected ISO 8601 in UTC, to the millisecond`,
    );
    assert.match(language ?? 'en', /^[a-z]{2,3}$/, `${id}: language`);
  } else if ('reject' in record) {
    assert.ok(record.reject instanceof Reject);
    assert.ok(record.bytes instanceof Uint8Array);
  } else {
    assert.ok(record.drop instanceof Drop);
  }
}

/** File descriptors of this process; empty where the system does not list them. */
function openFiles(): readonly string[] {
  try {
    return readdirSync('/dev/fd').sort();
  } catch {
    return [];
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Freed buffers are counted off by another thread, a moment after they are collected. */
async function heldBytes(): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 3; i++) {
    collect();
    await setTimeout(5);
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
  }
  return least;
}
