/** One leg of a worker: a subscription with a transport of its own. */
import type { PerPartition } from '../legs/per-partition.ts';
import type { LegPlan } from '../topology.ts';
import type { Spans } from '../tracing/spans.ts';
import { tracedHandle } from '../tracing/traced.ts';
import type { KafkaConnection } from './client.ts';
import { stamp } from './stamp.ts';
import type { SubscriptionOptions } from './subscription.ts';
import { kafkaTransport } from './transport.ts';
import type { Commit, Watch } from './watch.ts';
import type { Wire } from './wire.ts';

export interface RunningLeg {
  readonly plan: LegPlan;
  readonly leg: PerPartition;
  readonly connection: KafkaConnection;
  readonly prefix: string;
  readonly wire: Wire;
  readonly watch: Watch;
  readonly spans?: Spans | undefined;
  /** Told of every commit. */
  readonly progress: (leg: string, messages: number) => void;
  readonly pace?: Partial<SubscriptionOptions>;
}

/** Until `signal` aborts; what is in flight then is still committed. */
export async function runLeg(
  { plan, leg, connection, prefix, wire, watch, spans, progress, pace = {} }: RunningLeg,
  signal: AbortSignal,
): Promise<void> {
  const transport = kafkaTransport({
    ...pace,
    connection,
    writes: plan.writes,
    prefix,
    stamp: (message, from) => wire.frame(stamp(message, from)),
    prepare: (_, partition, claiming) => leg.prepare(partition, claiming),
    watch: {
      ...watch,
      committed(commit: Commit) {
        watch.committed(commit);
        progress(plan.name, commit.messages);
      },
    },
  });
  try {
    await transport.subscribe(plan.reads, plan.name, tracedHandle(leg.handle, spans), signal);
  } finally {
    await transport.close();
  }
}
