/** Legs of a topology as one process of a Kafka cluster. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Basis } from '../schemas/types.ts';
import { filtersOf } from '../stages/filters/filters.ts';
import { tokenize } from '../stages/tokenize.ts';
import { runAlertLegs } from './alerts/run-legs.ts';
import type { WorkerConfig } from './config/config.ts';
import { connectionOf, legsOf } from './config/kafka.ts';
import { wireOf } from './config/wire.ts';
import { openClusterDeltas } from './deltas/cluster.ts';
import { refuseRecords } from './deltas/open-leg.ts';
import { openBasis } from './deltas/replay-basis.ts';
import { ConfigError } from './error.ts';
import { basisMessage, readBases } from './kafka/bases.ts';
import { type KafkaConnection, kafkaClient } from './kafka/client.ts';
import { openDeltaSet } from './kafka/delta-set.ts';
import { lagReader } from './kafka/lag-reader.ts';
import { readSeen, readShare } from './kafka/partition-state.ts';
import type { ClusterView } from './kafka/read-all.ts';
import { runLeg } from './kafka/run-leg.ts';
import type { Wire } from './kafka/wire.ts';
import { legHandler } from './legs/handlers.ts';
import { observed } from './legs/observed.ts';
import { serveMetrics } from './metrics/server.ts';
import { type WorkerMetrics, workerMetrics } from './metrics/worker.ts';
import { comparingOn, runCompareLegs } from './near-duplicates/run-legs.ts';
import type { World } from './scan/scan.ts';
import { sideBySide } from './side-by-side.ts';
import { measureOf } from './target/modes.ts';
import { openStage } from './target/open-stage.ts';
import { openTarget } from './target/target.ts';
import { isOfAlerts, isOfComparing, type LegPlan } from './topology.ts';

/** Texts of one partition that are known to have been handled. Above that the oldest is forgotten: see partition-state.ts. */
const SEEN_BOUND = 1_000_000;

export interface WorkerWorld
  extends Pick<World, 'environment' | 'cores' | 'note' | 'clock' | 'now' | 'folder' | 'random' | 'write' | 'spans'> {
  readonly progress: (leg: string, messages: number) => void;
}

/**
 * Runs until `signal` aborts, and then commits what is in flight. Start more of it for more throughput, up to as many as there
 * are partitions.
 *
 * @throws CheckpointError, ConfigError as a scan does; anything else where a leg cannot go on: end the process
 */
export async function work(config: WorkerConfig, world: WorkerWorld, signal: AbortSignal): Promise<void> {
  const plans = legsOf(config);
  const connection: KafkaConnection = {
    ...connectionOf(config, world.environment, 'deltasift-worker'),
    log: (level, message, details) => {
      if (level !== 'info') world.note(`${message} ${JSON.stringify(details)}`);
    },
  };
  const client = kafkaClient(connection, 'patient');
  const lags = lagReader(client);
  const metrics = workerMetrics({
    legs: plans,
    lag(leg) {
      const { reads } = plans.find(({ name }) => name === leg)!;
      return lags.of(config.prefix + leg, config.prefix + reads);
    },
    clock: world.clock,
    now: world.now,
  });
  const { metrics: address } = config;
  const server = address === undefined ? undefined : await serveMetrics(metrics.registry, address, metrics.probes);
  if (server !== undefined) world.note(`metrics at ${server.url}`);
  try {
    const wire = await wireOf(config, world.environment, signal);
    const cluster = { client, prefix: config.prefix, wire, note: world.note };
    await run(plans, { config, connection, cluster, metrics, world }, signal);
  } finally {
    await server?.close();
    await lags.close();
  }
}

/** What all legs of the process share. */
export interface Surroundings {
  readonly config: WorkerConfig;
  readonly connection: KafkaConnection;
  readonly cluster: ClusterView & { readonly wire: Wire };
  readonly metrics: WorkerMetrics;
  readonly world: WorkerWorld;
}

/** What tells of documents, what compares them and what scores them, side by side, until `signal` aborts or one of them fails. */
async function run(plans: readonly LegPlan[], surroundings: Surroundings, signal: AbortSignal): Promise<void> {
  const rest = plans.filter((plan) => !isOfAlerts(plan) && !isOfComparing(plan));
  const parts = [
    { plans: plans.filter(isOfAlerts), legs: runAlertLegs },
    { plans: plans.filter(isOfComparing), legs: runCompareLegs },
    { plans: rest, legs: runScoringLegs },
  ].filter((part) => part.plans.length > 0);
  const runs = parts.map((part) => (either: AbortSignal) => part.legs(part.plans, surroundings, either));
  await sideBySide(runs, signal); // where one leg ends, the process does
}

async function runScoringLegs(
  plans: readonly LegPlan[],
  { config: given, connection, cluster, metrics, world }: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const { base, tuned } = given;
  if (base === undefined || tuned === undefined) {
    const names = plans.map(({ name }) => name).join(', ');
    throw new ConfigError(`--base and --tuned: expected both checkpoints, which the legs ${names} run or compare`);
  }
  const config = { ...given, base, tuned };
  const filters = await filtersOf(config.filters);
  const target = await openTarget(config, world.environment, signal);
  for (const note of target.notes) world.note(note);
  const { sketch } = target;
  const { prefix, wire } = cluster;
  const comparing = config.nearDuplicates === 'keep' ? undefined : await comparingOn(cluster, config);
  const set = await openDeltaSet(cluster, signal);
  const basis = config.keepReplay === undefined ? undefined : await basisOnCluster();
  const deltas = await openClusterDeltas(
    {
      set,
      target,
      config,
      worker: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
      legs: plans.map((plan) => plan.name),
      world,
      open: (tunings) => openStage(target, config, world, { runs: metrics.runs, deltas: tunings, basis }),
    },
    signal,
  );
  const gradient = observed(deltas.stage, metrics.measured);

  /** That of the workers before, so that records of all of them are written in one. */
  async function basisOnCluster(): Promise<Basis> {
    refuseRecords(target);
    const { id } = target.measurement;
    const [known] = await readBases(cluster, id, signal);
    if (known !== undefined) return known;
    const made = await openBasis(target, config.threads ?? world.cores);
    await set.send(basisMessage(id, made));
    return made;
  }

  async function runScoring(plan: LegPlan, either: AbortSignal): Promise<void> {
    const leg = legHandler(plan, {
      filters,
      comparing,
      watch: metrics.stages,
      spans: world.spans,
      tokenize: tokenize(target.tokenizer, target.windows),
      gradient,
      longest: config.window,
      deltas: deltas.live,
      rankBy: measureOf(config),
      labels: target.classifier?.words,
      keep: config.keep,
      pool: sketch === undefined ? undefined : { size: config.pool, width: sketch.definition.width },
      others: config.pool,
      unframe: wire.unframe,
      seen: (partition, claiming) => readSeen(cluster, partition, SEEN_BOUND, claiming),
      saved: (partition, claiming) => readShare(cluster, partition, claiming),
    });
    const watch = metrics.watch(plan.name);
    const prepared = {
      handle: leg.handle,
      async prepare(partition: number, claiming: AbortSignal) {
        await set.catchUp(claiming); // what the owner before scored a document against, this one does too
        await leg.prepare(partition, claiming);
      },
    };
    await runLeg(
      { plan, leg: prepared, connection, prefix, wire, watch, spans: world.spans, progress: world.progress },
      either,
    );
  }

  try {
    if (plans.some(({ steps }) => steps.includes('gradient'))) await deltas.stage.ready(signal);
    await sideBySide(
      plans.map((plan) => (either) => runScoring(plan, either)),
      signal,
    );
  } finally {
    await deltas.close();
    await set.close();
  }
}
