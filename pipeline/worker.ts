/** Legs of a topology as one process of a Kafka cluster. */
import { randomUUID } from 'node:crypto';
import { tokenize } from '../stages/tokenize.ts';
import type { WorkerConfig } from './config.ts';
import { type KafkaConnection, kafkaClient } from './kafka/client.ts';
import { readSeen, readShare } from './kafka/partition-state.ts';
import { stamp } from './kafka/stamp.ts';
import { kafkaTransport, type Progress } from './kafka/transport.ts';
import { connectionOf } from './kafka-config.ts';
import { legHandler } from './legs.ts';
import { openStage, type World } from './scan.ts';
import { openTarget } from './target.ts';
import { topology } from './topology.ts';

/** Texts of one partition that are known to have been handled. Above that the oldest is forgotten: see partition-state.ts. */
const SEEN_BOUND = 1_000_000;

/**
 * Runs until `signal` aborts, and then commits what is in flight. Start more of it for more throughput, up to as many as there
 * are partitions.
 *
 * @throws CheckpointError, ConfigError as a scan does; anything else where a leg cannot go on: end the process
 */
export async function work(
  config: WorkerConfig,
  world: Pick<World, 'environment' | 'cores' | 'note'> & { readonly progress: (progress: Progress) => void },
  signal: AbortSignal,
): Promise<void> {
  const plans = topology(config.legs);
  const connection: KafkaConnection = {
    ...connectionOf(config, world.environment, 'deltasift-worker'),
    log: (level, message, details) => {
      if (level !== 'info') world.note(`${message} ${JSON.stringify(details)}`);
    },
  };
  const target = await openTarget(config, world.environment, signal);
  for (const note of target.notes) world.note(note);
  const { delta, sketch } = target;
  const gradient = await openStage(target, config, world);
  const reader = {
    client: kafkaClient(connection, 'patient'),
    name: randomUUID(), // no two workers may read as one group
    topicOf: (topic: string) => config.prefix + topic,
  };
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);

  async function run(plan: (typeof plans)[number]): Promise<void> {
    const leg = legHandler(plan, {
      tokenize: tokenize(target.tokenizer, target.windows),
      gradient,
      deltas: [delta],
      rankBy: config.rankBy,
      keep: config.keep,
      pool: sketch === undefined ? undefined : { size: config.pool, width: sketch.definition.width },
      others: config.pool,
      seen: (partition, claiming) => readSeen(reader, partition, SEEN_BOUND, claiming),
      saved: (partition, claiming) => readShare(reader, partition, claiming),
    });
    const transport = kafkaTransport({
      connection,
      writes: plan.writes,
      prefix: config.prefix,
      stamp,
      prepare: (_, partition, claiming) => leg.prepare(partition, claiming),
      onProgress: world.progress,
    });
    try {
      await transport.subscribe(plan.reads, plan.name, leg.handle, either);
    } finally {
      stop.abort(); // where one leg ends, the process does
      await transport.close();
    }
  }

  try {
    const ends = await Promise.allSettled(plans.map(run));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  } finally {
    await gradient.close?.();
  }
}
