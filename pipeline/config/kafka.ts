/** Settings of everything that speaks to a Kafka cluster; settings.ts has them among all others. */
import { z } from 'zod';
import { WIRE_FORMATS } from '../../schemas/wire-format.ts';
import type { SinkSpec } from '../../stages/sinks/sinks.ts';
import { sinkName } from '../../stages/sinks/sinks.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import { certificate } from '../kafka/certificate.ts';
import type { KafkaConnection } from '../kafka/client.ts';
import { ALERT_STEPS, type LegPlan, STEPS, topology } from '../topology.ts';

/** A host and a port of 1 to 65535. */
const ADDRESS = /^[^:]+:0*([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/;
/** Of a message: partition/offset. */
export const PLACE = /^\d+\/\d+$/;

export const kafkaSettings = {
  brokers: z
    .array(z.string().regex(ADDRESS, 'HOST:PORT, the port at most 65535'))
    .min(1)
    .default(['127.0.0.1:19092'])
    .meta({ description: 'some of the brokers, comma-separated', placeholder: 'HOST:PORT' }),
  prefix: z
    .string()
    .regex(/^[\w.-]*$/, 'letters, digits, ".", "_" and "-"')
    .default('deltasift.')
    .meta({ description: 'before the names of topics, groups and transactional ids', placeholder: 'PREFIX' }),
  tls: z.boolean().optional().describe('speak TLS to the brokers'),
  tlsCa: z.string().min(1).optional().meta({
    description: "certificate of the brokers' authority, where the system does not know it; implies --tls",
    placeholder: 'FILE.pem',
  }),
  sasl: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('log in with KAFKA_USERNAME and KAFKA_PASSWORD'),
  wire: z
    .enum(WIRE_FORMATS)
    .default('single-object')
    .describe("what stands before a value: Avro's fingerprint, the schema's id in a registry, or nothing"),
  registry: z
    .url({ protocol: /^https?$/, error: 'an http(s) address' })
    .refine((url) => URL.parse(url)?.username === '' && URL.parse(url)?.password === '', {
      error: 'no credentials: they belong in REGISTRY_USERNAME and REGISTRY_PASSWORD',
      params: { secret: true },
    })
    .optional()
    .meta({ description: "schema registry with Confluent's REST interface", placeholder: 'URL' }),
  register: z.boolean().optional().describe("add this version's schemas to the registry, where it does not have them"),
  legs: z.array(z.string().min(1)).min(1).optional().meta({
    description:
      'legs, comma-separated; steps joined by + are one leg, with no topic between; by default each step: compare where near duplicates are dropped, those of alerts where there are rules',
    placeholder: 'LEG',
  }),
  partitions: z
    .int()
    .min(1)
    .default(12)
    .describe('partitions of every topic: no leg has more workers than that at work'),
  replicas: z.int().min(1).default(1).describe('brokers that hold a copy of each partition'),
  yes: z.boolean().optional().describe('delete without asking'),
  apply: z.boolean().optional().describe('change topics that are there and differ'),
  stage: z.string().min(1).optional().meta({ description: 'only rejects of this stage', placeholder: 'STAGE' }),
  topic: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'only messages of this topic, named without the prefix', placeholder: 'TOPIC' }),
  since: z
    .string()
    .regex(/^(\d+[smhd]|\d{4}-\d\d-\d\d(T[\d:.]+Z)?)$/, '90m, 2h, 3d or a date in UTC as 2024-01-31T12:00:00Z')
    .optional()
    .meta({ description: 'only those since then: 90m, 2h, 3d, or a date in UTC', placeholder: 'TIME' }),
  places: z
    .array(z.string().regex(PLACE, 'PARTITION/OFFSET'))
    .min(1)
    .optional()
    .meta({ description: 'only these letters, comma-separated', placeholder: 'PARTITION/OFFSET' }),
  dryRun: z.boolean().optional().describe('say what would be sent, and send nothing'),
  port: z
    .int()
    .min(1024)
    .max(65_000)
    .default(19_092)
    .describe('port of the local broker; the one behind it is taken too'),
  devDir: z
    .string()
    .min(1)
    .default('data/dev')
    .meta({ description: "folder of the local broker's data, and of what the processes are told", placeholder: 'DIR' }),
  wipe: z.boolean().optional().describe('delete what the local broker holds when it ends'),
  leave: z.boolean().optional().describe('leave the local broker running when it ends'),
  limitDead: z.int().min(1).default(100).describe('dead letters to list'),
} as const;

/**
 * The legs that a config asks for.
 *
 * @throws ConfigError as topology does
 */
export function legsOf(config: {
  readonly legs?: readonly string[] | undefined;
  readonly alerts: readonly unknown[];
  readonly sinks: readonly SinkSpec[];
  readonly nearDuplicates: 'keep' | 'drop';
}): readonly LegPlan[] {
  const sinks = config.sinks.map(sinkName);
  const comparing = config.nearDuplicates === 'drop';
  const telling = ALERT_STEPS.filter((step) => sinks.length > 0 || (step !== 'deliver' && step !== 'digest'));
  const all = [...STEPS, ...(comparing ? ['compare'] : []), ...(config.alerts.length === 0 ? [] : telling)];
  return topology(config.legs ?? all, { sinks, comparing });
}

export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly tls?: boolean | undefined;
  readonly tlsCa?: string | undefined;
  readonly sasl?: 'plain' | 'scram-sha-256' | 'scram-sha-512' | undefined;
}

const NOBODY = { username: undefined, password: undefined };

/** @throws ConfigError where a secret or a file is missing */
export function connectionOf(
  { brokers, tls, tlsCa, sasl }: KafkaConfig,
  { kafka = NOBODY }: Environment,
  clientId: string,
): KafkaConnection {
  return {
    brokers,
    clientId,
    ...(tlsCa === undefined ? {} : { tls: { ca: certificate(tlsCa, '--tls-ca') } }),
    ...(tls === true && tlsCa === undefined ? { tls: {} } : {}),
    ...(sasl === undefined ? {} : { sasl: { mechanism: sasl, ...credentials(sasl, kafka) } }),
  };
}

function credentials(sasl: string, { username, password }: NonNullable<Environment['kafka']>) {
  if (username !== undefined && password !== undefined) return { username, password };
  throw new ConfigError(`--sasl ${sasl}: set KAFKA_USERNAME and KAFKA_PASSWORD in the environment`);
}
