/** The cluster of a config, as whole topics of it are read. It loads kafkajs: import it when it is asked for. */
import type { Environment } from '../environment.ts';
import { kafkaClient } from '../kafka/client.ts';
import type { ClusterView } from '../kafka/read-all.ts';
import type { Wire } from '../kafka/wire.ts';
import { connectionOf, type KafkaConfig } from './kafka.ts';
import { type WireConfig, wireOf } from './wire.ts';

/** @throws ConfigError where a secret or a file is missing */
export async function clusterViewOf(
  config: KafkaConfig & Omit<WireConfig, 'wire'>,
  environment: Environment,
  clientId: string,
  signal: AbortSignal,
): Promise<ClusterView & { readonly wire: Wire }> {
  const client = kafkaClient(connectionOf(config, environment, clientId), 'patient');
  const wire = await wireOf({ ...config, wire: 'single-object' }, environment, signal); // it only reads
  return { client, prefix: config.prefix, wire };
}
