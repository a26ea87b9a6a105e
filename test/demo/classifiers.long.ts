/** A classifier of the demo's base, made and asked. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makePair } from '../../examples/classifiers/pair.ts';
import { TASKS } from '../../examples/classifiers/tasks.ts';
import { openCheckpoint } from '../../stages/checkpoint/checkpoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'deltasift-classifiers-'));
after(() => rmSync(folder, { recursive: true }));
const BASE = fileURLToPath(new URL('../../examples/demo/base', import.meta.url));
const lines = (file: string) =>
  readFileSync(join(folder, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a classifier differs from the base in the rows of its labels, answers better than chance, and its crawl holds what it was tuned on', async () => {
  const { signal } = new AbortController();
  const { accuracy } = await makePair(TASKS.mail, folder, signal);
  assert.ok(accuracy.tuning > 0.5 && accuracy.others > 0.4, `${accuracy.tuning}, ${accuracy.others}`);

  const [base, tuned] = await Promise.all(
    [BASE, join(folder, 'tuned')].map((ref) => openCheckpoint(ref, { cache: folder }, signal)),
  );
  const [before, now] = [await base!.read(base!.head.name), await tuned!.read(tuned!.head.name)];
  const width = base!.head.shape[1]!;
  const moved = new Set(
    Array.from(before.keys())
      .filter((i) => before[i] !== now[i])
      .map((i) => Math.floor(i / width)),
  );
  assert.equal(moved.size, 3);

  const [crawl, truth] = [lines('crawl.jsonl'), lines('truth.jsonl')];
  const ids = new Set(crawl.map(({ id }) => id));
  assert.equal(ids.size, crawl.length);
  assert.equal(truth.length, 300);
  assert.ok(truth.every(({ id, label }) => ids.has(id) && [' money', ' list', ' report'].includes(label)));
});
