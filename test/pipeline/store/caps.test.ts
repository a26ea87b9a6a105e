/** What a store holds is bounded: docs/retention.md lists the caps. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { alertTable } from '../../../pipeline/store/alerts.ts';
import { countMessage, deadMessage } from '../../../pipeline/store/messages.ts';
import { migrate } from '../../../pipeline/store/migrations.ts';
import { openStore } from '../../../pipeline/store/store.ts';
import { alertCodec } from '../../../schemas/codec.ts';
import { alertOf } from '../../alert/alert-of.ts';
import { folders } from '../../kit/folder.ts';

const folder = folders();

describe('a store at its caps', () => {
  test('lets go of the oldest rejected records above the size, keeps counting them, and keeps the newest whatever its size', () => {
    const dir = folder();
    const reject = (store: ReturnType<typeof openStore>, key: string, size: number) => {
      const scan = store.scan('scan');
      scan.keepRejects(1000);
      scan.commit(() => {
        scan.write(countMessage({ stage: 'tokenize', outcome: 'rejected', code: 'too-short', n: 1 }));
        const headers = { stage: 'tokenize', code: 'too-short', reason: 'r', topic: 'documents' };
        scan.write(deadMessage({ key, bytes: Buffer.alloc(size), headers }));
      });
    };
    const keys = (store: ReturnType<typeof openStore>) => store.rejects().map(({ key }) => key);
    let store = openStore(dir);
    for (const key of ['a', 'b', 'c']) reject(store, key, 400);
    assert.deepEqual(keys(store), ['b', 'c']);
    store.close();

    store = openStore(dir); // what is kept is known from the file
    reject(store, 'd', 400);
    assert.deepEqual(keys(store), ['c', 'd']);
    assert.equal(store.replay().sent, 2);
    reject(store, 'e', 400);
    reject(store, 'f', 600);
    assert.deepEqual(keys(store), ['e', 'f'], 'what was replayed makes room');
    reject(store, 'g', 5000);
    assert.deepEqual(keys(store), ['g']);
    assert.equal(
      store.counts().find(({ outcome }) => outcome === 'rejected')?.n,
      5,
      'two were replayed, seven rejected',
    );
    store.close();
  });

  test('lets go of the oldest alerts above their number, and takes one that is kept for known', () => {
    const database = new Sqlite(':memory:');
    migrate(database);
    const alerts = alertTable(database, 3);
    const put = (key: string) => alerts.put(alertCodec.encode(alertOf(key)));
    assert.deepEqual(['a', 'b', 'c', 'c', 'd', 'e'].map(put), [true, true, true, false, true, true]);
    assert.deepEqual(
      alerts.list().map(({ key }) => key),
      ['e', 'd', 'c'],
    );
    database.close();
  });
});
