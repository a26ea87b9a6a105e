import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { Registry } from 'prom-client';
import { ConfigError } from '../../../pipeline/error.ts';
import { scanMetrics, serveMetrics } from '../../../pipeline/metrics/metrics.ts';
import { countMessage } from '../../../pipeline/store/messages.ts';
import { openStore } from '../../../pipeline/store/store.ts';
import { scratch } from '../../kit/tensors.ts';

describe('metrics', () => {
  const folder = scratch('metrics');
  const store = openStore(folder);
  after(() => {
    store.close();
    rmSync(folder, { recursive: true });
  });

  test('are the counters of the store as they stand at each scrape', async () => {
    const scan = store.scan('delta');
    const metrics = scanMetrics({ scan, topic: 'documents', clock: () => 1234.5 });
    const server = await serveMetrics(metrics.registry, '0');
    const scrape = async () => (await fetch(server.url)).text();
    const count = (n: number) =>
      scan.commit(() => scan.write(countMessage({ stage: 'score', outcome: 'rejected', code: 'too-short', n })));

    count(2);
    assert.match(await scrape(), /^deltasift_documents_total\{stage="score",outcome="rejected",code="too-short"\} 2$/m);
    count(3);
    metrics.progress({ documents: 5, tokens: 77, best: { score: 0.25, id: 'd' }, source: undefined });
    const text = await scrape();
    assert.match(text, /^deltasift_documents_total\{.*\} 5$/m);
    assert.match(text, /^deltasift_scored_tokens 77$/m);
    assert.match(text, /^deltasift_best_score 0\.25$/m);
    assert.match(text, /^deltasift_last_progress_seconds 1234\.5$/m);
    assert.match(text, /^deltasift_waiting_documents 0$/m);
    await server.close();
  });

  test('are at /metrics and nowhere else, and gone when closed', async () => {
    const server = await serveMetrics(new Registry(), '127.0.0.1:0');
    assert.equal((await fetch(server.url)).status, 200);
    assert.equal((await fetch(new URL('/', server.url))).status, 404);
    assert.equal((await fetch(server.url, { method: 'POST' })).status, 404);
    await server.close();
    await assert.rejects(fetch(server.url));
  });

  test('refuse an address that is none, or taken', async () => {
    for (const address of ['', 'metrics', '70000', '127.0.0.1:']) {
      await assert.rejects(serveMetrics(new Registry(), address), ConfigError);
    }
    const server = await serveMetrics(new Registry(), '0');
    await assert.rejects(serveMetrics(new Registry(), new URL(server.url).port), /cannot listen there/);
    await server.close();
  });
});
