/** What a store says of itself at each scrape: it outlives the processes that write to it, so counters go on where they were. */
import { distributionOf } from '../../stages/distribution.ts';
import { ALERTS, HELD } from '../store/messages.ts';
import type { StoreView, Waiting } from '../store/view.ts';
import { alertCounter } from './alerts.ts';
import type { ProcessMetrics } from './register.ts';
import { setScores } from './scores.ts';
import { DELTA_LABEL, MOST_DELTAS } from './table.ts';

/** Counters of the documents and alerts of a store: of the one process that makes them, so that sums hold. */
export function countStore(metrics: ProcessMetrics, { store }: StoreView): void {
  const { counter, onScrape } = metrics;
  const documents = counter('deltasift_documents_total');
  onScrape('deltasift_documents_total', () => {
    documents.reset();
    for (const { stage, outcome, code, n } of store.counts()) documents.inc({ stage, outcome, code }, n);
  });
  const alerts = alertCounter(metrics);
  onScrape('deltasift_alerts_total', () => {
    alerts.reset();
    for (const one of store.alerts.counts()) alerts.found(one, one.n);
    store.counts().forEach(alerts.told);
  });
}

/** What stands in a store, and waits in it. */
export function watchStore({ gauge, onScrape }: ProcessMetrics, view: StoreView): void {
  const { store } = view;
  const lag = gauge('deltasift_lag_messages');
  onScrape('deltasift_lag_messages', () => {
    lag.reset();
    for (const { group, messages } of view.waiting().filter((one) => !isOutbox(one))) lag.set({ leg: group }, messages);
  });
  const outbox = gauge('deltasift_outbox_alerts');
  onScrape('deltasift_outbox_alerts', () => {
    outbox.reset();
    for (const { group, messages } of view.waiting().filter(isOutbox)) {
      outbox.set({ sink: group.replace(/^(notify|deliver)\./, '') }, messages);
    }
  });

  const deltas = gauge('deltasift_deltas');
  onScrape('deltasift_deltas', () => {
    const all = store.deltas();
    const paused = all.filter((one) => one.paused).length;
    deltas.set({ state: 'active' }, all.length - paused);
    deltas.set({ state: 'paused' }, paused);
  });
  const [scored, quantiles] = [gauge('deltasift_scored'), gauge('deltasift_ranking_quantile')];
  onScrape('deltasift_scored', () => {
    const sketches = store
      .deltas()
      .map(({ id }) => ({ id, sketch: distributionOf((name) => store.state(id, name)).sketch }));
    setScores({ scored, quantiles }, sketches);
  });

  const armed = gauge('deltasift_rule_armed');
  onScrape('deltasift_rule_armed', () => {
    armed.reset();
    const shown = new Set(
      store
        .deltas()
        .map(({ id }) => id)
        .slice(0, MOST_DELTAS),
    );
    for (const one of store.alerts.rules()) {
      if (shown.has(one.delta))
        armed.set({ rule: one.rule, delta: one.delta.slice(0, DELTA_LABEL) }, Number(one.armed));
    }
  });

  const bytes = gauge('deltasift_store_bytes');
  onScrape('deltasift_store_bytes', () => bytes.set(view.bytes()));
}

/** Of the store itself, or of the cluster that it follows. */
function isOutbox({ topic }: Waiting): boolean {
  const [name] = topic.split(':').slice(-1);
  return name === ALERTS || name === HELD;
}
