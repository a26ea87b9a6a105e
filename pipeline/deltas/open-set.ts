/** The deltas of the cluster that a config names. It loads kafkajs: import it when it is asked for. */
import { connectionOf, type KafkaConfig } from '../config/kafka.ts';
import { type WireConfig, wireOf } from '../config/wire.ts';
import type { Environment } from '../environment.ts';
import { kafkaClient } from '../kafka/client.ts';
import { type DeltaSet, openDeltaSet } from '../kafka/delta-set.ts';
import type { ClusterView } from '../kafka/read-all.ts';

/** What is said of a cluster whose deltas are changed: plain values, which a thread can be given. */
export interface DeltaCluster extends KafkaConfig, WireConfig {}

/** @throws ConfigError where a secret or a file is missing, or as openDeltaSet does */
export async function openSet(
  config: DeltaCluster,
  environment: Environment,
  signal: AbortSignal,
): Promise<{ readonly set: DeltaSet; readonly cluster: ClusterView }> {
  const client = kafkaClient(connectionOf(config, environment, 'deltasift'), 'patient');
  const wire = await wireOf(config, environment, signal);
  const { prefix } = config;
  return { set: await openDeltaSet({ client, prefix, wire }, signal), cluster: { client, prefix } };
}
