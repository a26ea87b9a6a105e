import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serveMetrics } from '../../../pipeline/metrics/server.ts';
import { workerMetrics } from '../../../pipeline/metrics/worker.ts';
import { alertMessages, countMessage, selectionMessage } from '../../../pipeline/store/messages.ts';
import { quantileSketch } from '../../../stages/math/quantile.ts';
import { alertOf } from '../../alert/alert-of.ts';
import { DELTA } from '../../kit/store.ts';

const legOf = (name: string) => ({ name, steps: [], ...(name.startsWith('deliver.') ? { sink: name.slice(8) } : {}) });

describe('metrics of a worker', () => {
  test('say what was committed, how batches waited, and how far each leg is behind', async () => {
    const metrics = workerMetrics({
      legs: ['tokenize', 'gradient', 'deliver.ops'].map(legOf),
      lag: async (leg) => (leg === 'gradient' ? Promise.reject(new Error('the cluster is away')) : 7),
      clock: () => 1234.5,
      now: () => 0,
    });
    const watch = metrics.watch('tokenize');
    const sketch = quantileSketch();
    sketch.add(1);
    watch.handled({ messages: 5, waitedMs: 20, tookMs: 200 });
    watch.committed({
      topic: 'documents',
      partition: 0,
      messages: 5,
      outgoing: [
        { topic: 'tokens', key: 'k', value: Buffer.from('no count'), headers: {} },
        countMessage({ stage: 'tokenize', outcome: 'rejected', code: 'too-short', n: 2 }),
        countMessage({ stage: 'notify.ops', outcome: 'out', code: '', n: 3 }),
        countMessage({ stage: 'notify.ops', outcome: 'dropped', code: 'held', n: 4 }),
        ...alertMessages(alertOf('a', { rule: 'high' })),
        ...alertMessages(alertOf('b', { rule: 'high', held: 'limit' })),
        selectionMessage({
          delta: DELTA,
          list: 'state',
          key: 'quantiles',
          gain: 0,
          value: Buffer.from(sketch.bytes()),
        }),
      ],
    });
    metrics.measured([{ tokens: Int32Array.of(77) }]);
    const text = await metrics.registry.metrics();
    for (const line of [
      'deltasift_documents_total{stage="tokenize",outcome="rejected",code="too-short"} 2',
      'deltasift_messages_total{leg="tokenize"} 5',
      'deltasift_batch_messages_sum{leg="tokenize"} 5',
      'deltasift_queue_seconds_sum{leg="tokenize"} 0.02',
      'deltasift_batch_seconds_sum{leg="tokenize"} 0.2',
      'deltasift_tokens_total 77',
      `deltasift_scored{delta="${DELTA.slice(0, 12)}"} 1`,
      'deltasift_last_progress_seconds{leg="tokenize"} 1234.5',
      'deltasift_lag_messages{leg="tokenize"} 7',
      'deltasift_outbox_alerts{sink="ops"} 7',
      'deltasift_alerts_total{rule="high",outcome="sent"} 1',
      'deltasift_alerts_total{rule="high",outcome="limit"} 1',
      'deltasift_told_total{sink="ops",outcome="took"} 3',
    ]) {
      assert.ok(text.split('\n').includes(line), line);
    }
    watch.partitions(1, 1);
    assert.doesNotMatch(await metrics.registry.metrics(), /deltasift_scored\{/, 'shares of partitions that went');
    assert.doesNotMatch(text, /deltasift_lag_messages\{leg="gradient"\}/, 'no lag is made up');
  });

  test('carry no label but leg, stage, outcome and code', async () => {
    const metrics = workerMetrics({ legs: [legOf('select')], lag: async () => 0, clock: () => 0, now: () => 0 });
    metrics.watch('select').handled({ messages: 1, waitedMs: 1, tookMs: 1 });
    const own = (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('deltasift_'));
    const labels = new Set(own.flatMap((line) => [...line.matchAll(/[{,](\w+)=/g)].map(([, name]) => name)));
    assert.deepEqual([...labels].sort(), ['le', 'leg']);
  });

  test('a leg that neither tries nor hears anything is not healthy; one that still prepares a partition is not ready', async () => {
    let now = 0;
    const { registry, probes, watch } = workerMetrics({
      legs: ['a', 'b'].map(legOf),
      lag: async () => 0,
      clock: () => now,
      now: () => 0,
    });
    const server = await serveMetrics(registry, '0', probes);
    const status = async (path: string) => (await fetch(new URL(path, server.url))).status;
    const both = [watch('a'), watch('b')];

    assert.deepEqual([await status('/healthz'), await status('/readyz')], [200, 503]);
    both[0]!.partitions(2, 2);
    both[1]!.partitions(2, 1);
    assert.equal(await status('/readyz'), 503);
    both[1]!.partitions(2, 2);
    assert.equal(await status('/readyz'), 200);
    now = 1000;
    both[0]!.alive();
    assert.equal(await status('/healthz'), 503, 'b is silent');
    both[1]!.alive();
    assert.equal(await status('/healthz'), 200);
    await server.close();
  });
});
