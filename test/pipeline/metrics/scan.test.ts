import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scanMetrics } from '../../../pipeline/metrics/scan.ts';
import { MOST_DELTAS } from '../../../pipeline/metrics/table.ts';
import { ALERTS, alertMessages, countMessage, HELD, selectionMessage } from '../../../pipeline/store/messages.ts';
import { openStore } from '../../../pipeline/store/store.ts';
import { openView } from '../../../pipeline/store/view.ts';
import { quantileSketch } from '../../../stages/math/quantile.ts';
import { alertOf } from '../../alert/alert-of.ts';
import { folders } from '../../kit/folder.ts';
import { DELTA } from '../../kit/store.ts';

const folder = folders();

/** A scan's metrics, and the scan. */
function opened() {
  const dir = folder();
  const store = openStore(dir);
  const view = openView(dir);
  let now = 0;
  const metrics = scanMetrics({ leg: 'scan', clock: () => 1234.5, now: () => (now += 250) });
  metrics.watch(view);
  return {
    store,
    scan: store.scan(DELTA),
    metrics,
    lines: async () => (await metrics.registry.metrics()).split('\n'),
    close() {
      view.close();
      store.close();
    },
  };
}

describe('metrics of a scan', () => {
  test('are the counters of the store as they stand at each scrape', async () => {
    const { scan, lines, close } = opened();
    const count = (n: number) =>
      scan.commit(() => scan.write(countMessage({ stage: 'score', outcome: 'rejected', code: 'too-short', n })));
    const line = (n: number) => `deltasift_documents_total{stage="score",outcome="rejected",code="too-short"} ${n}`;
    count(2);
    assert.ok((await lines()).includes(line(2)));
    count(3);
    assert.ok((await lines()).includes(line(5)));
    close();
  });

  test('time batches, stages and runs of the session, and count messages and tokens', async () => {
    const { metrics, lines, close } = opened();
    const handle = metrics.timed(async (batch) => batch.map(() => []));
    const message = { topic: 'documents', partition: 0, offset: 0, key: 'k', value: null, headers: {} };
    await handle([message, message], new AbortController().signal);
    metrics.stages.took('gradient', 500);
    metrics.runs.ran({ waitedMs: 250, ranMs: 2000 });
    metrics.measured([{ tokens: Int32Array.of(7, 70) }]);
    metrics.waits();
    const told = await lines();
    for (const line of [
      'deltasift_messages_total{leg="scan"} 2',
      'deltasift_batch_messages_sum{leg="scan"} 2',
      'deltasift_batch_seconds_sum{leg="scan"} 0.25',
      'deltasift_stage_seconds_sum{stage="gradient"} 0.5',
      'deltasift_session_seconds_total 2',
      'deltasift_session_queue_seconds_total 0.25',
      'deltasift_session_runs_total 1',
      'deltasift_tokens_total 77',
      'deltasift_last_progress_seconds{leg="scan"} 1234.5',
      'deltasift_last_look_seconds 1234.5',
    ]) {
      assert.ok(told.includes(line), line);
    }
    close();
  });

  test('say what waits: documents for the leg, alerts for each sink', async () => {
    const { scan, lines, close } = opened();
    scan.commit(() => {
      for (const [topic, group] of [
        ['documents', 'scan'],
        [ALERTS, 'notify.ops'],
        [HELD, 'digest'],
      ] as const)
        scan.log.join(topic, group);
      scan.write({ topic: 'documents', key: 'k', value: Buffer.from('d'), headers: {} });
      for (const message of [...alertMessages(alertOf('a')), ...alertMessages(alertOf('b', { held: 'limit' }))])
        scan.write(message);
    });
    const told = await lines();
    for (const line of [
      'deltasift_lag_messages{leg="scan"} 1',
      'deltasift_outbox_alerts{sink="ops"} 2',
      'deltasift_outbox_alerts{sink="digest"} 1',
      'deltasift_alerts_total{rule="rule",outcome="sent"} 1',
      'deltasift_alerts_total{rule="rule",outcome="limit"} 1',
    ]) {
      assert.ok(told.includes(line), `${line}\n${told.filter((one) => /lag|alerts/.test(one)).join('\n')}`);
    }
    close();
  });

  test('have the quantiles of the first deltas by id, and of no more of them, however many there are', async () => {
    const { store, scan, lines, close } = opened();
    const record = { base: 'b', tuned: 't', norm: 1, baseNorm: 1, measurement: 'm', keep: 4, rankBy: 'cosine' };
    const ids = Array.from({ length: MOST_DELTAS + 3 }, (_, i) => String(i).padStart(3, '0').repeat(20));
    const sketch = quantileSketch();
    for (let i = 1; i <= 100; i++) sketch.add(i);
    const value = Buffer.from(sketch.bytes());
    for (const id of ids) store.addDelta({ id, ...record });
    store.pauseDelta(ids[0]!, true);
    scan.commit(() => {
      for (const delta of ids) scan.write(selectionMessage({ delta, list: 'state', key: 'quantiles', gain: 0, value }));
    });
    const told = await lines();
    const labels = new Set(told.flatMap((line) => /^deltasift_score\w+\{delta="(\w+)"/.exec(line)?.[1] ?? []));
    assert.deepEqual(
      [...labels],
      ids.slice(0, MOST_DELTAS).map((id) => id.slice(0, 12)),
    );
    assert.ok(told.includes(`deltasift_scored{delta="${ids[0]!.slice(0, 12)}"} 100`));
    const best = told.find((line) =>
      line.startsWith(`deltasift_ranking_quantile{delta="${ids[0]!.slice(0, 12)}",quantile="1"}`),
    );
    assert.ok(Math.abs(Number(best!.split(' ')[1]) - 100) < 1);
    assert.ok(told.includes(`deltasift_deltas{state="active"} ${ids.length - 1}`));
    assert.ok(told.includes('deltasift_deltas{state="paused"} 1'));
    close();
  });
});
