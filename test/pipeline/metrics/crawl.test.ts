import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crawlMetrics } from '../../../pipeline/metrics/crawl.ts';
import { countMessage } from '../../../pipeline/store/messages.ts';

test('metrics of a crawl are what was published, and it is ready once it has taken over the source', async () => {
  const { registry, probes, published } = crawlMetrics(() => 1234.5);
  assert.equal(probes.ready(), false);
  published([]);
  assert.equal(probes.ready(), true);
  assert.doesNotMatch(await registry.metrics(), /deltasift_last_progress_seconds\{/, 'nothing was published yet');
  published([
    { topic: 'documents', key: 'k', value: Buffer.from('no count'), headers: {} },
    countMessage({ stage: 'crawl', outcome: 'rejected', code: 'malformed-record', n: 3 }),
  ]);
  const lines = (await registry.metrics()).split('\n');
  assert.ok(lines.includes('deltasift_documents_total{stage="crawl",outcome="rejected",code="malformed-record"} 3'));
  assert.ok(lines.includes('deltasift_last_progress_seconds{leg="crawl"} 1234.5'));
});
