/** What rules found and sinks took, from what is committed of it. */
import { alertCodec, countCodec } from '../../schemas/codec.ts';
import type { Alert, Count } from '../../schemas/types.ts';
import type { Outgoing } from '../contract.ts';
import { ALERTS, COUNTS } from '../store/messages.ts';
import type { ProcessMetrics } from './register.ts';

export interface AlertCounter {
  found(alert: Pick<Alert, 'rule' | 'held'>, n?: number): void;
  /** Takes what a stage that tells a sink counts; other stages are passed over. */
  told(count: Count): void;
  /** Takes the alerts and the counters among the messages of a transaction. */
  add(committed: readonly Outgoing[]): void;
  reset(): void;
}

/** Outcomes of a stage that tells a sink, as they are called here. */
const TOLD: Readonly<Partial<Record<Count['outcome'], string>>> = { out: 'took', rejected: 'refused' };

export function alertCounter({ counter }: ProcessMetrics): AlertCounter {
  const [alerts, sinks] = [counter('deltasift_alerts_total'), counter('deltasift_told_total')];

  function found({ rule, held }: Pick<Alert, 'rule' | 'held'>, n = 1): void {
    alerts.inc({ rule, outcome: held === '' ? 'sent' : held }, n);
  }

  function told({ stage, outcome, n }: Count): void {
    const [of, ...sink] = stage.split('.');
    const called = TOLD[outcome];
    if (of === 'notify' && called !== undefined) sinks.inc({ sink: sink.join('.'), outcome: called }, n);
  }

  return {
    found,
    told,

    add(committed) {
      for (const { topic, value } of committed) {
        if (value === null) continue;
        if (topic === ALERTS) found(alertCodec.decode(value));
        else if (topic === COUNTS) told(countCodec.decode(value));
      }
    },

    reset() {
      alerts.reset();
      sinks.reset();
    },
  };
}
