import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Source } from '../../../pipeline/contract.ts';
import type { ScanProgress } from '../../../pipeline/scan/progress.ts';
import { scanReport } from '../../../pipeline/scan/scan-progress.ts';
import type { Scan } from '../../../pipeline/store/scan.ts';
import type { Score } from '../../../schemas/types.ts';

/** 1,000 of 4,000 bytes read as 100 records, of which `waiting` are not yet handled. */
function told(
  waiting: number,
  limit?: number,
): { readonly report: ReturnType<typeof scanReport>; readonly last: () => ScanProgress } {
  const all: ScanProgress[] = [];
  const source: Source = {
    name: 'crawl',
    progress: () => ({ bytes: 1000, totalBytes: 4000 }),
    async *read() {},
  };
  const scan = {
    read: () => 100,
    log: { places: () => [{ topic: 'documents', group: 'scan', next: 100 - waiting }], head: () => 100 },
  } as unknown as Scan;
  const report = scanReport({
    source,
    limit,
    topic: 'documents',
    scan: () => scan,
    tell: (progress) => all.push(progress),
  });
  return { report, last: () => all.at(-1)! };
}

const score = (id: string, value: number): Score => ({ id, ranking: value, tokens: 7 }) as Score;

describe('the progress of a scan', () => {
  test('is that of the documents handled, however far the source was read ahead', () => {
    const { report, last } = told(60);
    report.scored([score('a', 0.1), score('b', 0.3), score('c', 0.2)]);
    assert.deepEqual(last(), {
      documents: 3,
      tokens: 21,
      best: { id: 'b', ranking: 0.3 },
      source: { bytes: 400, totalBytes: 4000 },
    });
  });

  test('ends at the limit, or at the end of the source where that comes first', () => {
    for (const [limit, bytes] of [
      [200, 2000],
      [1000, 4000],
    ] as const) {
      const { report, last } = told(0, limit);
      report.scored([score('a', 0.1)]);
      assert.deepEqual(last().source, { bytes: 1000, totalBytes: bytes });
    }
  });

  test('is told once more at the end, unless nothing was scored', () => {
    const { report, last } = told(0);
    report.end();
    assert.equal(last(), undefined);
    report.scored([score('a', 0.1)]);
    report.end();
    assert.equal(last().documents, 1);
  });
});
