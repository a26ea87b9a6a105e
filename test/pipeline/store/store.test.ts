import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import type { Outgoing } from '../../../pipeline/contract.ts';
import { ConfigError } from '../../../pipeline/error.ts';
import {
  cursorMessage,
  type DropExample,
  deadMessage,
  dropMessage,
  seenMessage,
  selectionMessage,
} from '../../../pipeline/store/messages.ts';
import { MIGRATIONS, migrate, versionOf } from '../../../pipeline/store/migrations.ts';
import { openStore, type Store } from '../../../pipeline/store/store.ts';
import { scoreCodec } from '../../../schemas/codec.ts';
import { folders } from '../../kit/folder.ts';
import { DELTA, EXACT, scoreOf, storeContract } from '../../kit/store.ts';

const folder = folders();

const record = { id: DELTA, base: 'b', tuned: 't', norm: 2, baseNorm: 20, measurement: 'm', keep: 3, rankBy: 'cosine' };
/** As the store has it. */
const kept = { ...record, scan: DELTA, paused: false };

function refuses(action: () => unknown, ...words: readonly RegExp[]): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof ConfigError, String(error));
    for (const word of words) assert.match(error.message, word);
    return true;
  });
}

function using(dir: string, body: (store: Store) => void, readonly = false): void {
  const store = openStore(dir, { readonly });
  try {
    body(store);
  } finally {
    store.close();
  }
}

describe('store', () => {
  storeContract(() => {
    const dir = folder();
    let store = openStore(dir);
    return {
      open() {
        store.close();
        store = openStore(dir);
        return store;
      },
    };
  });

  test('is made where there is none, in a folder that may not be there yet', () => {
    const dir = join(folder(), 'a', 'b');
    using(dir, (store) => assert.deepEqual(store.deltas(), []));
  });

  test('one process writes, and others read what is committed meanwhile', () => {
    const dir = folder();
    using(dir, (writer) => {
      writer.addDelta(record);
      refuses(() => openStore(dir), /another process is writing/, /wait for it or stop it/);
      using(dir, (reader) => assert.deepEqual(reader.deltas(), [kept]), true);
      writer.bind({ id: 'm', fields: { window: 128 } });
      using(dir, (reader) => assert.deepEqual(reader.measurement(), { id: 'm', fields: { window: 128 } }), true);
    });
    using(dir, (next) => assert.deepEqual(next.deltas(), [kept]));
  });

  test('reading makes nothing, and says where there is no store', () => {
    refuses(() => openStore(join(folder(), 'none'), { readonly: true }), /there is no store/, /deltasift scan/);
  });

  test('a file that is no store, or the database of another program, is refused and left alone', () => {
    const text = folder();
    writeFileSync(join(text, 'store.sqlite'), 'not a database, but long enough to look at: '.repeat(50));
    refuses(() => openStore(text), /is not a store/);
    refuses(() => openStore(text, { readonly: true }), /is not a store/);

    const other = folder();
    const database = new Sqlite(join(other, 'store.sqlite'));
    database.exec('CREATE TABLE theirs (a)');
    database.close();
    refuses(() => openStore(other), /another program/);

    const file = join(folder(), 'file');
    writeFileSync(file, '');
    refuses(() => openStore(file), /cannot be written/);
  });

  test('a store of a newer schema is refused, naming both versions', () => {
    const dir = folder();
    using(dir, () => {});
    const database = new Sqlite(join(dir, 'store.sqlite'));
    database.pragma(`user_version = ${MIGRATIONS.length + 1}`);
    database.close();
    for (const readonly of [false, true]) {
      refuses(() => openStore(dir, { readonly }), new RegExp(`version ${MIGRATIONS.length + 1}`), /newer/);
    }
  });

  test('migrations are taken in order, once each, and a step that fails leaves the version before it', () => {
    const database = new Sqlite(':memory:');
    const steps = ['CREATE TABLE a (x)', 'INSERT INTO a VALUES (1)', 'ALTER TABLE a ADD COLUMN y DEFAULT 2'];
    migrate(database, steps.slice(0, 2));
    assert.throws(() => migrate(database, [...steps.slice(0, 2), 'INSERT INTO a VALUES (9); nonsense']));
    assert.equal(versionOf(database), 2);
    migrate(database, steps);
    migrate(database, steps);
    assert.deepEqual(database.prepare('SELECT * FROM a').all(), [{ x: 1, y: 2 }]);
    assert.equal(versionOf(database), 3);
    database.close();
  });

  test('another measurement is refused, naming the first field that differs and both values', () => {
    using(folder(), (store) => {
      const fields = { stride: 127, window: 128, positions: 'all' };
      store.bind({ id: 'm', fields });
      store.bind({ id: 'm', fields });
      refuses(
        () => store.bind({ id: 'n', fields: { ...fields, positions: 'last' } }),
        /positions all/,
        /positions last/,
      );
      refuses(() => store.bind({ id: 'n', fields: { ...fields, window: 64, stride: 63 } }), /window 128/, /window 64/);
      refuses(() => store.bind({ id: 'n', fields: { ...fields, at: 'base' } }), /at \(unset\)/, /at base/);
      assert.deepEqual(store.measurement(), { id: 'm', fields });
    });
  });

  test('a scan goes on with the settings it was begun with, and with no others', () => {
    const dir = folder();
    using(dir, (store) => store.scan('s', { dedup: 'on' }));
    using(dir, (store) => {
      refuses(() => store.scan('s', { dedup: 'off' }), /dedup on/, /dedup off/);
      store.scan('other', { dedup: 'off' });
      store.scan('s');
    });
  });

  test('what was fixed for a scan that never read a record can be mended', () => {
    const dir = folder();
    using(dir, (store) => {
      store.bind({ id: 'm', fields: { window: 128 } });
      store.addDelta(record);
      store.scan('s', { scores: 'a mistake' });
    });
    using(dir, (store) => {
      store.forgetUnbegun();
      store.bind({ id: 'n', fields: { window: 64 } });
      store.addDelta({ ...record, keep: 7 });
      const scan = store.scan('s', { scores: 'mended' });
      scan.commit(() => scan.write(cursorMessage({ source: 'crawl', unit: '', cursor: 'c', read: 1, version: null })));
      store.scan('t', { scores: 'another mistake' });
    });
    using(dir, (store) => {
      store.forgetUnbegun();
      refuses(() => store.scan('s', { scores: 'none' }), /scores mended/);
      refuses(() => store.bind({ id: 'm', fields: { window: 128 } }), /window 64/);
      store.scan('t', { scores: 'none' });
      assert.deepEqual(store.deltas(), [{ ...kept, keep: 7 }]);
    });
  });

  test('a delta comes once; under another name it is the same, with another number to keep it is refused', () => {
    using(folder(), (store) => {
      store.addDelta(record);
      store.addDelta({ ...record, base: 'elsewhere/b' });
      assert.deepEqual(store.deltas(), [{ ...kept, base: 'elsewhere/b' }]);
      refuses(() => store.addDelta({ ...record, keep: 7 }), /keeps the 3/, /but 7/);
    });
  });

  test('more than what is kept cannot be shown, nor a delta that is not there', () => {
    using(folder(), (store) => {
      store.addDelta(record);
      refuses(() => store.top(DELTA, 4), /keeps the 3 best/, /--keep 4/);
      refuses(() => store.top('e'.repeat(64), 1), /has no delta e/, new RegExp(DELTA));
    });
  });

  test('finds documents by id or by key, with their ranks, of one delta or of all', () => {
    const other = 'e'.repeat(64);
    using(folder(), (store) => {
      store.addDelta(record);
      store.addDelta({ ...record, id: other });
      const scan = store.scan('s');
      scan.commit(() => {
        for (const score of [
          scoreOf('k1', 10, { id: 'same' }),
          scoreOf('k2', 30, { id: 'same' }),
          scoreOf('k3', 20),
          scoreOf('k1', 50, { id: 'same', delta: other }),
        ]) {
          const value = scoreCodec.encode(score);
          scan.write(selectionMessage({ delta: score.delta, list: 'top', key: score.key, gain: 0, value }));
        }
      });
      const told = (found: ReturnType<Store['find']>) =>
        found.map(({ key, delta, rank }) => `${delta[0]} ${key} ${rank}`);
      assert.deepEqual(told(store.find('same')), ['d k2 1', 'd k1 3', 'e k1 1']);
      assert.deepEqual(told(store.find('same', DELTA)), ['d k2 1', 'd k1 3']);
      assert.deepEqual(told(store.find('k3')), ['d k3 2']);
      assert.deepEqual(store.find('k'), []);
      assert.deepEqual([...store.sharedIds(DELTA)], ['same']);
      assert.deepEqual([...store.sharedIds(other)], []);
    });
  });

  test('an evicted document is gone from its list, whatever its key looks like', () => {
    using(folder(), (store) => {
      store.addDelta(record);
      const scan = store.scan('s');
      const key = 'hash@jsonl:/a/b#7';
      const value = scoreCodec.encode(scoreOf(key, 1));
      scan.commit(() => {
        for (const list of ['top', 'pool'] as const)
          scan.write(selectionMessage({ delta: DELTA, list, key, gain: 0.5, value }));
        scan.write(selectionMessage({ delta: DELTA, list: 'top', key, gain: 0, value: null }));
      });
      assert.deepEqual(store.top(DELTA, 3), []);
      assert.deepEqual([...store.members(DELTA, 'pool')], [{ ...scoreOf(key, 1), ...EXACT, gain: 0.5 }]);
    });
  });
});

describe('rejects', () => {
  const dead = (key: string, code: string, topic?: string) =>
    deadMessage({
      key,
      bytes: Buffer.from([0, 255, 10]),
      headers: { stage: 'st', code, reason: 'r', source: 's', origin: '9', ...(topic === undefined ? {} : { topic }) },
    });

  function withRejects(body: (store: Store) => void): void {
    using(folder(), (store) => {
      const scan = store.scan('scan');
      scan.commit(() => {
        scan.write(seenMessage('a'.repeat(64)));
        scan.write(dead('a'.repeat(64), 'too-short', 'documents'));
        scan.write(dead('s#4', 'malformed-record'));
        scan.write(dead('b', 'too-short', 'documents'));
      });
      body(store);
    });
  }

  test('are listed in the order they came, by page and by code, with their bytes', () => {
    withRejects((store) => {
      const [first, second, third] = store.rejects();
      assert.deepEqual(first, {
        id: first!.id,
        scan: 'scan',
        key: 'a'.repeat(64),
        stage: 'st',
        code: 'too-short',
        reason: 'r',
        topic: 'documents',
        source: 's',
        origin: '9',
        size: 3,
      });
      assert.deepEqual(store.rejects({ limit: 1 }), [first]);
      assert.deepEqual(store.rejects({ after: first!.id, limit: 1 }), [second]);
      assert.deepEqual(store.rejects({ code: 'too-short' }), [first, third]);
      assert.deepEqual(store.rejectBytes(first!.id), Buffer.from([0, 255, 10]));
      assert.equal(store.rejectBytes(99), undefined);
    });
  });

  test('replayed, a message is on its topic again and no longer counts as seen; records of a source stay', () => {
    withRejects((store) => {
      const scan = store.scan('scan');
      assert.deepEqual(store.replay({ code: 'malformed-record' }), { sent: 0, left: 1 });
      assert.deepEqual(store.replay(), { sent: 2, left: 1 });
      assert.deepEqual(store.replay(), { sent: 0, left: 1 });
      const [first] = scan.log.read('documents', 0, 10);
      assert.deepEqual(first?.value, Buffer.from([0, 255, 10]));
      assert.deepEqual(first?.headers, { source: 's', origin: '9' });
      assert.equal(scan.seen('a'.repeat(64)), false);
      assert.equal(store.rejects().length, 1);
    });
  });

  test('of what was dropped it keeps 20 examples of each reason, the same in whatever order and however often they came', () => {
    const sent = (n: number, reason: string) =>
      Array.from({ length: n }, (_, i) => {
        const known = { key: `k${i}`, id: `i${i}`, url: '', text: `text ${i}`, source: 's', origin: `c${i}` };
        return dropMessage({ stage: 'filter', reason, ...known });
      });
    const kept = (messages: readonly Outgoing[]) => {
      const dir = folder();
      using(dir, (store) => {
        const scan = store.scan('scan');
        for (const message of messages) scan.commit(() => scan.write(message));
      });
      let drops: readonly DropExample[] = [];
      using(dir, (store) => {
        drops = store.drops();
      });
      return drops;
    };
    const all = [...sent(200, 'a'), ...sent(3, 'b')];
    const examples = kept(all);
    assert.deepEqual(
      [examples.filter(({ reason }) => reason === 'a').length, examples.filter(({ reason }) => reason === 'b').length],
      [20, 3],
    );
    assert.deepEqual(examples.at(-1)?.text.replace(/\d/, 'N'), 'text N');
    assert.deepEqual(kept([...all.toReversed(), ...all.slice(50, 150)]), examples);
  });
});
