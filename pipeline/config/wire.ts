/** The wire, and the registry, that the settings ask for. */

import type { WireFormat } from '../../schemas/wire-format.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import { basic } from '../kafka/basic.ts';
import { type Registry, registry } from '../kafka/registry.ts';
import { openWire, type Wire } from '../kafka/wire.ts';

export interface WireConfig {
  readonly prefix: string;
  readonly wire: WireFormat;
  readonly registry?: string | undefined;
}

/** @throws ConfigError where what is written needs a registry, and none is given, or it is not as it should be */
export async function wireOf(config: WireConfig, environment: Environment, signal: AbortSignal): Promise<Wire> {
  const { prefix, wire: format } = config;
  return await openWire(
    { format, registry: registryOf(config, environment), topicOf: (topic) => prefix + topic },
    signal,
  );
}

/** @throws ConfigError where `wire` needs one */
export function registryOf(
  { wire, registry: url }: WireConfig,
  { registry: credentials }: Environment,
): Registry | undefined {
  const { username, password, token } = credentials ?? {};
  const bearer = token === undefined ? undefined : `Bearer ${token}`;
  if (url !== undefined) return registry({ url, authorization: bearer ?? basic(username, password) });
  if (wire !== 'confluent') return undefined;
  throw new ConfigError("--wire confluent: give the registry's address as --registry");
}
