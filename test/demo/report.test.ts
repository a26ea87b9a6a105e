import assert from 'node:assert/strict';
import { test } from 'node:test';
import { report } from '../../examples/demo/report.ts';
import type { CrawlLine, TruthLine } from '../../examples/demo/setup.ts';

/** Ten documents: 1 to 3 tuned on, 4 and 5 the rest of the spam. */
const ids = Array.from({ length: 10 }, (_, i) => String(i + 1));
const crawl: readonly CrawlLine[] = ids.map((id) => ({
  id,
  url: `https://crawl.example/${id}`,
  text: `text of ${id}`,
}));
const truth: readonly TruthLine[] = ids.map((id, i) => ({
  id,
  corpus: i < 5 ? 'spam' : 'moby',
  file: i < 5 ? `spam-1/0000${id}` : `chapter_${id}`,
  passage: 0,
  tuned: i < 3,
}));

/** Best first in the order given. */
const ranked = (order: readonly number[]) => order.map((id, i) => ({ id: String(id), ranking: 0.5 - i / 10 }));

test('the report shows the best documents in order, cut to the width, and the figures', () => {
  const lines = report(ranked([1, 2, 4, 3, 5, 6, 7, 8, 9, 10]), crawl, truth, 43).split('\n');
  assert.equal(lines[1], '   1   0.5000  yes      spam-1/00001     te');
  assert.equal(lines[3], '   3   0.3000  no       spam-1/00004     te');

  const figures = lines.slice(-6).join('\n');
  assert.match(figures, /tuned on 3 of these 10 documents/);
  assert.match(figures, /66\.7 % +at random 30\.0 %: lift 2\.2/); // 1, 2 of the first three
  assert.match(figures, /all others +0\.9524/); // 20 of 21 pairs
  assert.match(figures, /other spam +0\.8333/); // 5 of 6
  assert.match(figures, /median ranking +0\.4000 +other spam 0\.2000, all else -0\.2000/);
});

test('the report refuses a store that holds other documents than the crawl', () => {
  for (const order of [
    [1, 2],
    [1, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 11],
  ]) {
    assert.throws(() => report(ranked(order), crawl, truth, 80), /--fresh/);
  }
});
