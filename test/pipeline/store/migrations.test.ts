import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { ConfigError } from '../../../pipeline/error.ts';
import { MIGRATIONS, migrate, versionOf } from '../../../pipeline/store/migrations.ts';
import { openStore } from '../../../pipeline/store/store.ts';
import { calibrationName } from '../../../stages/match.ts';
import { quantileSketch } from '../../../stages/math/quantile.ts';
import { alertOf } from '../../alert/alert-of.ts';
import { folders } from '../../kit/folder.ts';
import { DELTA, EXACT, scoreOf } from '../../kit/store.ts';

const folder = folders();
const GOLDEN = new URL('../../golden/store/', import.meta.url);

/** A folder with the store that this version left. */
function storeOfVersion(version: number): string {
  const dir = folder();
  writeFileSync(join(dir, 'store.sqlite'), gunzipSync(readFileSync(new URL(`version-${version}.sqlite.gz`, GOLDEN))));
  return dir;
}

/** Everything the golden stores hold, as the newest version reads it. */
function assertGolden(dir: string, version: number): void {
  const one = scoreOf('k1', 25, { url: 'https://example.org/1', sketch: Float32Array.of(1, -2) });
  const two = scoreOf('k2', 50, { sketch: one.sketch });
  const store = openStore(dir);
  try {
    assert.deepEqual(store.measurement(), { id: 'm', fields: { window: 128, positions: 'all' } });
    assert.deepEqual(store.deltas(), [
      {
        id: DELTA,
        base: 'b',
        tuned: 't',
        norm: 2,
        baseNorm: 20,
        measurement: 'm',
        keep: 3,
        rankBy: 'cosine',
        scan: DELTA,
        paused: false,
      },
    ]);
    assert.deepEqual(store.top(DELTA, 3), [
      { ...two, ...EXACT, rank: 1 },
      { ...one, ...EXACT, rank: 2 },
    ]);
    assert.deepEqual([...store.members(DELTA, 'pool')], [{ ...one, ...EXACT, gain: 0.5 }]);
    const quantiles = quantileSketch(store.state(DELTA, 'quantiles'));
    assert.deepEqual([quantiles.count, quantiles.quantile(0) < quantiles.quantile(1)], [2, true]);
    const alerts = store.alerts.list();
    const [{ signature } = { signature: undefined }] = alerts; // as it was made then
    assert.deepEqual(alerts, version < 4 ? [] : [{ ...alertOf('k2'), signature, measure: 'score', number: 1 }]);
    assert.equal(String(store.alerts.state(`rule/rule/${DELTA}`)), version < 4 ? 'undefined' : '{}');
    const [reject] = store.rejects();
    assert.deepEqual([reject?.key, reject?.code, reject?.origin], ['k3', 'too-short', 'c3']);
    assert.deepEqual(store.rejectBytes(reject!.id), Buffer.from([0, 255, 10]));

    const scan = store.scan(DELTA, { dedup: 'on' });
    assert.deepEqual(scan.sources(), [{ source: 'jsonl:crawl.jsonl', read: 5 }]);
    assert.equal(scan.mark('jsonl:crawl.jsonl', '')?.cursor, 'c5');
    assert.deepEqual(
      ['k1', 'k2', 'k3', 'k4'].map((key) => scan.seen(key)),
      [true, true, true, false],
    );
    assert.deepEqual(scan.counts(), [
      { stage: 'crawl', outcome: 'dropped', code: 'not-text', n: 1 },
      { stage: 'crawl', outcome: 'in', code: '', n: 5 },
    ]);
    assert.equal(scan.fileLength('scores'), 512);
    assert.equal(scan.log.join('documents', 'scan'), 0);
    assert.deepEqual(scan.log.read('documents', 0, 10), [
      {
        topic: 'documents',
        partition: 0,
        offset: 0,
        key: 'k4',
        value: Buffer.from('document 4'),
        headers: { origin: 'c5' },
      },
    ]);
  } finally {
    store.close();
  }
}

describe('a store of an earlier version', () => {
  test('is kept of every version there was', () => {
    const kept = readdirSync(GOLDEN).filter((name) => name.endsWith('.gz'));
    assert.deepEqual(kept.sort(), MIGRATIONS.map((_, i) => `version-${i + 1}.sqlite.gz`).sort());
  });

  for (const version of MIGRATIONS.keys()) {
    test(`of version ${version + 1}, is opened with all that is in it, to be read and to be written`, () => {
      assertGolden(storeOfVersion(version + 1), version + 1);
      const dir = storeOfVersion(version + 1);
      openStore(dir, { readonly: true }).close();
      assertGolden(dir, version + 1);
    });
  }

  test('goes on from what rules had counted of the value that ranks, which was called score then', () => {
    const dir = storeOfVersion(8);
    const database = new Sqlite(join(dir, 'store.sqlite'));
    const add = database.prepare('INSERT INTO rule VALUES (?, ?)');
    for (const measure of ['score', 'cosine']) add.run(`calibration/${DELTA}/${measure}`, Buffer.from(measure));
    database.close();
    const store = openStore(dir);
    const counted = ['ranking', 'cosine', 'score'].map((measure) =>
      store.alerts.state(calibrationName(DELTA, measure)),
    );
    assert.deepEqual(counted, [Buffer.from('score'), Buffer.from('cosine'), undefined]);
    store.close();
  });

  test('takes the steps it lacks and keeps its rows; from then on earlier versions refuse it', () => {
    const dir = storeOfVersion(MIGRATIONS.length);
    const database = new Sqlite(join(dir, 'store.sqlite'));
    migrate(database, [...MIGRATIONS, "ALTER TABLE member ADD COLUMN mood TEXT NOT NULL DEFAULT 'unknown'"]);
    assert.equal(versionOf(database), MIGRATIONS.length + 1);
    assert.deepEqual(
      database.prepare("SELECT key, ranking, mood FROM member WHERE list = 'top' ORDER BY ranking DESC").all(),
      [
        { key: 'k2', ranking: 0.5, mood: 'unknown' },
        { key: 'k1', ranking: 0.25, mood: 'unknown' },
      ],
    );
    database.close();
    const before = readFileSync(join(dir, 'store.sqlite'));
    const newer = new RegExp(
      `the store in .* has schema version ${MIGRATIONS.length + 1}, and this deltasift knows them up to ${MIGRATIONS.length}: use the version that wrote it, or a newer one`,
    );
    for (const options of [{}, { readonly: true }, { beside: true }]) {
      assert.throws(
        () => openStore(dir, options),
        (error) => error instanceof ConfigError && newer.test(error.message),
      );
    }
    assert.deepEqual(readFileSync(join(dir, 'store.sqlite')), before);
  });
});
