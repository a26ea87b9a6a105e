/** The studies as a user types them, on the small real pair. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openKnownPool } from '../pipeline/commands/known-pool.ts';
import { openRetraining } from '../pipeline/evaluate/retraining.ts';
import { deltasift } from './cli/run.ts';
import { tinyCrawl, tinyPair } from './cli/tiny.ts';

const DOCUMENTS = 240;
const folder = mkdtempSync(join(tmpdir(), 'deltasift-study-'));
after(() => rmSync(folder, { recursive: true }));
const [store, truth] = ['store', 'truth.jsonl'].map((name) => join(folder, name)) as [string, string];
type Row = Readonly<Record<string, number | string | { readonly value: number; readonly low: number }>>;

async function study(name: string, ...words: readonly string[]): Promise<readonly Row[]> {
  const { out, err } = await deltasift(['study', name, '--truth', truth, ...words, '--json']);
  assert.equal(err, '');
  const result = JSON.parse(out);
  assert.equal(result.study, name);
  return result.rows;
}
const drawing = ['--store', store, '--seeds', '2', '--threads', '1', '--rate', '0.002'];

describe('study', () => {
  before(async () => {
    const scan = ['scan', '--base', tinyPair.base, '--tuned', tinyPair.tuned, '--threads', '1'];
    const { code, err } = await deltasift([
      ...scan,
      '--source',
      `jsonl:${tinyCrawl(folder, DOCUMENTS)}`,
      '--store',
      store,
    ]);
    assert.equal(code, 0, err);
    const documents = JSON.parse(readFileSync(new URL('golden/tiny/documents.json', import.meta.url), 'utf8'));
    const leaked = documents.slice(0, DOCUMENTS).filter(({ leaked }: { leaked: boolean }) => leaked);
    writeFileSync(truth, leaked.map(({ id }: { id: string }) => `${JSON.stringify({ id })}\n`).join(''));
  });

  test('strategies: those that follow D teach more than random ones, those that go against it less', async () => {
    const rows = new Map((await study('strategies', ...drawing, '-n', '15')).map((row) => [row['picked by'], row]));
    const saves = (name: string) => (rows.get(name)!['saves over random'] as { readonly low: number }).low;
    for (const name of ['true', 'topk', 'p_max', 'greedy', 'greedy_batched']) assert.ok(saves(name) > 0, name);
    for (const name of ['bottomk', 'p_min']) assert.ok(saves(name) < 0, name);
    assert.equal(rows.get('random')!['gap closed'], 0);
  });

  test('strategies of a classifier: the rows of its labels are trained, on what the tuned model answers', async () => {
    const asked = ['--task', 'classification', '--template', '{text} It is', '--labels', ' the, king, file'];
    const own = join(folder, 'classifier');
    const words = ['scan', '--base', tinyPair.base, '--tuned', tinyPair.tuned, '--threads', '1', ...asked];
    const source = `jsonl:${tinyCrawl(folder, DOCUMENTS)}`;
    const { code, err } = await deltasift([...words, '--source', source, '--store', own]);
    assert.equal(code, 0, err);

    const rows = new Map(
      (await study('strategies', '--store', own, '--seeds', '2', '--threads', '1', '-n', '12')).map((row) => [
        row['picked by'],
        row,
      ]),
    );
    const names = [...rows.keys()];
    for (const name of ['random_balanced', 'topk_balanced', 'p_max_balanced', 'greedy_balanced'])
      assert.ok(names.includes(name), name);
    for (const { accuracy } of rows.values()) assert.ok(Number(accuracy) >= 0 && Number(accuracy) < 1 + 1e-6);

    const pool = openKnownPool({ store: own, truth });
    const threads = 1;
    const options = { base: tinyPair.base, checkpoints: { cache: folder }, window: 128, labels: pool.labels, threads };
    const retraining = await openRetraining({ ...options, providers: ['cpu'] }, AbortSignal.timeout(60_000));
    const some = pool.documents.slice(0, 20);
    const before = await retraining.before(some);
    assert.ok(
      Math.abs(before.loss - some.reduce((sum, { loss }) => sum + loss, 0) / 20) < 1e-5,
      'the loss that the scan saw',
    );
    const after = await retraining.after(some, some, 0);
    assert.ok(after.loss < before.loss && after.accuracy >= before.accuracy);
    await retraining.close();
  });

  test('size: more documents teach more', async () => {
    const rows = await study('size', ...drawing, '--sizes', '3,15');
    assert.deepEqual(
      rows.map(({ documents }) => documents),
      [3, 15],
    );
    for (const name of ['true', 'topk', 'greedy']) assert.ok(rows[0]![name]! > rows[1]![name]!, name);
  });

  test('leakage: the more true documents are there, the more are found', async () => {
    const rows = await study('leakage', ...drawing, '-n', '12');
    assert.deepEqual(
      rows.map((row) => row['true data in the pool']),
      ['10 %', '30 %', '50 %', '70 %', '90 %'],
    );
    assert.ok(rows.at(-1)!['true among topk']! > rows[0]!['true among topk']!);
  });

  test('width: a wider sketch has less noise, and no pick by sketches reaches more than the exact ones', async () => {
    const rows = await study(
      'width',
      '--store',
      store,
      '--threads',
      '1',
      '-n',
      '12',
      '--documents',
      '80',
      '--widths',
      '256,16384',
    );
    const [exact, bucket, count, wideBucket, wideCount] = rows;
    assert.equal(exact!['sketch'], 'exact');
    assert.ok(wideBucket!['noise of a cosine']! < bucket!['noise of a cosine']!);
    assert.ok(wideCount!['noise of a cosine']! < count!['noise of a cosine']!);
    for (const row of rows)
      assert.ok((row['of the exact'] as number) <= 1.001 && (row['of the exact'] as number) > 0.7);
  });

  test('optimizer: a row for each store', async () => {
    const rows = await study('optimizer', '--stores', `${store},${store}`);
    assert.equal(rows.length, 2);
    assert.deepEqual({ ...rows[0], store: '' }, { ...rows[1], store: '' });
  });

  test('a store that does not hold all its documents, and picks larger than the truth: exit 78', async () => {
    const many = await deltasift(['study', 'size', '--truth', truth, ...drawing, '--sizes', '1000']);
    assert.equal(many.code, 78);
    assert.match(many.err, /--sizes: 1000 documents; a draw has \d+ true ones/);
    const small = join(folder, 'small');
    const scan = ['scan', '--base', tinyPair.base, '--tuned', tinyPair.tuned, '--threads', '1', '--pool', '8'];
    await deltasift([...scan, '--source', `jsonl:${join(folder, 'crawl.jsonl')}`, '--limit', '20', '--store', small]);
    const partial = await deltasift(['study', 'strategies', '--truth', truth, '--store', small]);
    assert.equal(partial.code, 78);
    assert.match(partial.err, /holds 8 of the 20 documents scored.*--pool 20/);
  });
});
