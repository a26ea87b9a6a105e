/** Deltas that come while or after a scan ran, as a user types it, on the small real pair. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { deltasift } from './run.ts';
import { halfTuned, tinyCrawl, tinyPair } from './tiny.ts';

const folder = mkdtempSync(join(tmpdir(), 'deltasift-deltas-'));
after(() => rmSync(folder, { recursive: true }));
const CRAWL = tinyCrawl(folder, 160);
const HALF = halfTuned(join(folder, 'half'));
const scan = (tuned: string, store: string, ...more: readonly string[]) =>
  deltasift([
    'scan',
    '--base',
    tinyPair.base,
    '--tuned',
    tuned,
    '--source',
    `jsonl:${CRAWL}`,
    '--threads',
    '1',
    '--quiet',
    '--store',
    join(folder, store),
    ...more,
  ]);
const json = async (...words: readonly string[]) => {
  const { code, out, err } = await deltasift([...words, '--json']);
  assert.equal(code, 0, err);
  return JSON.parse(out);
};

interface Line {
  readonly id: string;
  readonly score: number;
  readonly standardError?: number;
}

describe('a delta that comes after a scan', () => {
  const store = join(folder, 'kept');

  test('is estimated from what the scan kept, in much the order of exact scores, and the best are exact', async () => {
    assert.equal((await scan(tinyPair.tuned, 'kept', '--keep-replay', '50MB')).code, 0);
    const added = await json('delta', 'add', '--store', store, '--tuned', HALF);
    const report = await json('replay', '--store', store, '--delta', added.delta, '--exact', '5', '--quiet');
    assert.deepEqual([report.records, report.estimated, report.exact], [160, 160, 5]);
    assert.equal((await scan(HALF, 'exact')).code, 0);

    const lines: readonly Line[] = (await json('top', '--store', store, '--delta', added.delta, '-k', '160')).documents;
    const exact: readonly Line[] = (await json('top', '--store', join(folder, 'exact'), '-k', '160')).documents;
    assert.equal(lines.length, 160);
    const truth = new Map(exact.map(({ id, score }) => [id, score]));
    const scored = lines.filter(({ standardError }) => standardError === undefined);
    for (const { id, score } of scored) assert.ok(Math.abs(score - truth.get(id)!) < 1e-6, id);
    assert.ok(scored.length >= 5 && scored.length <= 5 + 64);

    const estimated = lines.filter(({ standardError }) => standardError !== undefined);
    const off = estimated.map(({ id, score, standardError }) => (score - truth.get(id)!) / standardError!);
    const within = off.filter((ratio) => Math.abs(ratio) < 3).length / off.length;
    assert.ok(within > 0.9, `${within} lie within three standard errors`);
    const top = new Set(exact.slice(0, 8).map(({ id }) => id));
    const held = lines.slice(0, 24).filter(({ id }) => top.has(id)).length;
    assert.ok(held >= 7, `${held} of the best 8 are among the first 24`);
  });

  test('replayed again, has more of its best scored exactly, and keeps those that are', async () => {
    const { deltas } = await json('delta', 'list', '--store', store);
    const { id } = deltas.find((delta: { id: string; scan: string }) => delta.id !== delta.scan);
    const exactOf = async () => {
      const { documents } = await json('top', '--store', store, '--delta', id, '-k', '160');
      return (documents as readonly Line[]).filter(({ standardError }) => standardError === undefined);
    };
    const before = await exactOf();
    const report = await json('replay', '--store', store, '--delta', id, '--exact', '30', '--quiet');
    assert.equal(report.exact, 30);
    const now = new Map((await exactOf()).map((line) => [line.id, line.score]));
    assert.ok(now.size >= before.length + 30, `${before.length} exact, then ${now.size}`);
    for (const line of before) assert.equal(now.get(line.id), line.score);
  });

  test('scores documents of the same scan from then on, exactly, beside the first', async () => {
    const dir = join(folder, 'live');
    assert.equal((await scan(tinyPair.tuned, 'live', '--limit', '80')).code, 0);
    const { delta } = await json('delta', 'add', '--store', dir, '--tuned', HALF);
    assert.equal((await scan(tinyPair.tuned, 'live')).code, 0);
    const lines: readonly Line[] = (await json('top', '--store', dir, '--delta', delta, '-k', '160')).documents;
    const exact: readonly Line[] = (await json('top', '--store', join(folder, 'exact'), '-k', '160')).documents;
    assert.equal(lines.length, 80, 'those that came after it');
    const truth = new Map(exact.map(({ id, score }) => [id, score]));
    for (const { id, score } of lines) assert.ok(Math.abs(score - truth.get(id)!) < 1e-6, id);

    await json('delta', 'pause', delta, '--store', dir);
    const { deltas } = await json('delta', 'list', '--store', dir);
    assert.deepEqual(deltas.map(({ paused }: { paused: boolean }) => paused).sort(), [false, true]);
    await json('delta', 'remove', delta, '--store', dir);
    assert.equal((await json('delta', 'list', '--store', dir)).deltas.length, 1);
    assert.equal((await deltasift(['top', '--store', dir, '--delta', delta])).code, 78);
  });

  test('is refused where it is no other delta, of another base, or nothing was kept', async () => {
    const again = await deltasift(['delta', 'add', '--store', store, '--tuned', HALF]);
    assert.equal(again.code, 78);
    assert.match(again.err, /has this delta already/);
    const same = await deltasift(['delta', 'add', '--store', store, '--tuned', tinyPair.base]);
    assert.equal(same.code, 65);
    const nothing = await deltasift(['replay', '--store', join(folder, 'exact')]);
    assert.equal(nothing.code, 78);
    assert.match(nothing.err, /keeps no replay records: a scan with --keep-replay does/);
    const labels = ['--task', 'classification', '--template', '{text} is', '--labels', ' good, bad'];
    const classifier = await scan(tinyPair.tuned, 'labels', '--keep-replay', '1MB', ...labels);
    assert.equal(classifier.code, 78);
    assert.match(classifier.err, /--keep-replay: .*leave --task classification out/);
    const size = await scan(tinyPair.tuned, 'size', '--keep-replay', 'much');
    assert.equal(size.code, 78);
    assert.match(size.err, /--keep-replay: expected a size like 500MB or 20GB, got "much"/);
  });

  test('finds the newest records alone where the size asked for is small: the oldest go', async () => {
    assert.equal((await scan(tinyPair.tuned, 'small', '--keep-replay', '200kB')).code, 0);
    const dir = join(folder, 'small');
    const { delta } = await json('delta', 'add', '--store', dir, '--tuned', HALF);
    const { records, estimated } = await json('replay', '--store', dir, '--delta', delta, '--exact', '0', '--quiet');
    assert.ok(records > 10 && records < 100, `${records} records`);
    assert.equal(estimated, records);
  });
});
