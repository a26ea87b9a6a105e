/** The legs of a worker that tell of documents. */
import type { WorkerConfig } from '../config/config.ts';
import type { KafkaConnection } from '../kafka/client.ts';
import { readRules } from '../kafka/partition-state.ts';
import type { ClusterView } from '../kafka/read-all.ts';
import { runLeg } from '../kafka/run-leg.ts';
import type { Wire } from '../kafka/wire.ts';
import type { WorkerMetrics } from '../metrics/worker.ts';
import type { World } from '../scan/scan.ts';
import { sideBySide } from '../side-by-side.ts';
import type { LegPlan } from '../topology.ts';
import { openAlerting } from './alerting.ts';
import { alertLeg } from './legs.ts';
import { sinkTools } from './sink-tools.ts';

export interface AlertSurroundings {
  readonly config: WorkerConfig;
  readonly connection: KafkaConnection;
  readonly cluster: ClusterView & { readonly wire: Wire };
  readonly metrics: WorkerMetrics;
  readonly world: Pick<World, 'environment' | 'folder' | 'note' | 'clock' | 'random' | 'write' | 'spans'> & {
    readonly progress: (leg: string, messages: number) => void;
  };
}

/**
 * Side by side, until `signal` aborts or one of them fails. Of the sinks only those are opened that a leg tells.
 *
 * @throws ConfigError as openAlerting does
 */
export async function runAlertLegs(
  plans: readonly LegPlan[],
  { config, connection, cluster, metrics, world }: AlertSurroundings,
  signal: AbortSignal,
): Promise<void> {
  const { digestSeconds } = config;
  const { prefix, wire } = cluster;
  const told = plans.flatMap(({ sink }) => sink ?? []);
  const alerting = await openAlerting(config, sinkTools(world), told);

  async function run(plan: LegPlan, either: AbortSignal): Promise<void> {
    const { pace, ...leg } = alertLeg(
      plan,
      {
        alerting,
        digestSeconds,
        clock: world.clock,
        random: world.random,
        tell: world.note,
        unframe: wire.unframe,
        saved: (partition, claiming) => readRules(cluster, partition, claiming),
        watch: metrics.stages,
        spans: world.spans,
      },
      either,
    );
    const watch = metrics.watch(plan.name);
    await runLeg(
      { plan, leg, connection, prefix, wire, watch, progress: world.progress, spans: world.spans, pace },
      either,
    );
  }

  try {
    await sideBySide(
      plans.map((plan) => (either) => run(plan, either)),
      signal,
    );
  } finally {
    await alerting.close();
  }
}
