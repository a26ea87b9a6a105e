/** The leg of a worker that drops near duplicates; it needs no checkpoint. */
import { signatureIndex } from '../../stages/math/signature-index.ts';
import type { WorkerConfig } from '../config/config.ts';
import { boundsOf } from '../kafka/bounds.ts';
import type { KafkaConnection } from '../kafka/client.ts';
import { readSignatures } from '../kafka/partition-state.ts';
import type { ClusterView } from '../kafka/read-all.ts';
import { runLeg } from '../kafka/run-leg.ts';
import type { Wire } from '../kafka/wire.ts';
import type { WorkerMetrics } from '../metrics/worker.ts';
import type { World } from '../scan/scan.ts';
import { sideBySide } from '../side-by-side.ts';
import { BANDS } from '../store/messages.ts';
import type { LegPlan } from '../topology.ts';
import { type Comparing, compareLeg } from './leg.ts';

/** Documents of one partition that others are compared with, some 0.4 kB each. Above that the oldest is forgotten: what is like it passes. */
const SIGNATURES_BOUND = 400_000;

export interface CompareSurroundings {
  readonly config: WorkerConfig;
  readonly connection: KafkaConnection;
  readonly cluster: ClusterView & { readonly wire: Wire };
  readonly metrics: WorkerMetrics;
  readonly world: Pick<World, 'environment' | 'note' | 'spans'> & {
    readonly progress: (leg: string, messages: number) => void;
  };
}

/** @throws ConfigError where the cluster has no topic of bands */
export async function comparingOn(
  cluster: ClusterView,
  { nearDuplicateThreshold }: Pick<WorkerConfig, 'nearDuplicateThreshold'>,
): Promise<Comparing> {
  return { threshold: nearDuplicateThreshold, partitions: (await boundsOf(cluster, BANDS)).length };
}

/** Until `signal` aborts, or one of them fails. */
export async function runCompareLegs(
  plans: readonly LegPlan[],
  { config, connection, cluster, metrics, world }: CompareSurroundings,
  signal: AbortSignal,
): Promise<void> {
  const { prefix, wire } = cluster;
  const comparing = await comparingOn(cluster, config);

  async function run(plan: LegPlan, either: AbortSignal): Promise<void> {
    const leg = compareLeg({
      ...comparing,
      watch: metrics.stages,
      spans: world.spans,
      unframe: wire.unframe,
      async kept(partition, claiming) {
        const index = signatureIndex(SIGNATURES_BOUND);
        await readSignatures(cluster, partition, index, claiming);
        return index;
      },
    });
    const { progress, spans } = world;
    await runLeg({ plan, leg, connection, prefix, wire, watch: metrics.watch(plan.name), progress, spans }, either);
  }

  await sideBySide(
    plans.map((plan) => (either) => run(plan, either)),
    signal,
  );
}
