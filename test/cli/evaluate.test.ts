/** `evaluate` as a user types it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { deltasift } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'deltasift-evaluate-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, lines: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

const documents = Array.from({ length: 40 }, (_, i) => ({
  id: `d${i}`,
  score: i % 4 === 0 ? 0.5 + i / 1000 : i / 1000,
  alignment: i / 10,
  loss: 3,
  lossTunedHead: i % 4 === 0 ? 2 : 2.9,
  text: i % 4 === 0 ? 'sea ship mast' : 'court of law',
}));
const scores = file('scores.jsonl', documents);
const truth = file(
  'truth.jsonl',
  documents.filter((_, i) => i % 4 === 0),
);
const run = (...words: readonly string[]) => deltasift(['evaluate', '--scores', scores, ...words]);

describe('evaluate', () => {
  test('measures every way to rank with intervals, BM25 where it has the texts', async () => {
    const { out } = await run('--truth', truth, '--source', `jsonl:${scores}`, '--json');
    const { scorers, ...rest } = JSON.parse(out);
    assert.deepEqual(rest, { documents: 40, truths: 10, n: 10, seed: 0, resamples: 200 });
    const auroc = Object.fromEntries(
      scorers.map(({ name, finding }: { name: string; finding: { auroc: { value: number } } }) => [
        name,
        finding.auroc.value,
      ]),
    );
    assert.deepEqual(Object.keys(auroc), [
      'cosine',
      'alignment',
      'head-likelihood-ratio',
      'relative-head-likelihood-ratio',
      'head-likelihood',
      'random',
      'bm25',
    ]);
    for (const name of ['cosine', 'head-likelihood-ratio', 'bm25']) assert.equal(auroc[name], 1);
    assert.ok(auroc['alignment'] < 0.6);
    assert.match((await run('--truth', truth)).out, /^ranked by +AUROC.*\ncosine +1\.0000 \[1\.0000, 1\.0000\]/);
  });

  test('a truth that names none of the documents, or lines that are none: exit 78', async () => {
    const none = await run('--truth', file('none.jsonl', [{ id: 'x' }]));
    assert.equal(none.code, 78);
    assert.match(none.err, /names 0 of the 40 documents/);
    writeFileSync(join(folder, 'broken.jsonl'), '{"id":"d0"}\nno\n');
    const broken = await run('--truth', join(folder, 'broken.jsonl'));
    assert.equal(broken.code, 78);
    assert.match(broken.err, /line 2 is no JSON object/);
  });
});
