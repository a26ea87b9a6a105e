/** How values are framed on the cluster: what is written is a setting, what is read is told by its first bytes. */
import { codecs } from '../../schemas/codec.ts';
import { registrableSchema } from '../../schemas/schemas.ts';
import { type SchemaName, topicOf, topics } from '../../schemas/topics.ts';
import { confluentPrefix, singleObjectPrefix, unframe, type WireFormat } from '../../schemas/wire-format.ts';
import { type Awaitable, type Delivered, type Outgoing, Reject } from '../contract.ts';
import { ConfigError } from '../error.ts';
import type { Registry } from './registry.ts';

export interface Wire {
  /** The message as it is to be written. */
  frame<M extends Outgoing>(message: M): M;
  /** A value for the topic's codec. Waits where a registry has to be asked; what it throws is no fault of the message. */
  unframe(message: Delivered): Awaitable<Buffer | Reject>;
}

export interface WireOptions {
  readonly format: WireFormat;
  readonly registry: Registry | undefined;
  /** The topic's name on the cluster. */
  readonly topicOf: (topic: string) => string;
}

/** Confluent's TopicNameStrategy; keys are text and have no schema. */
export function subjectOf(topicOnCluster: string): string {
  return `${topicOnCluster}-value`;
}

/** Ids of strangers' making: so many that mean nothing are remembered. */
const MOST_UNKNOWN = 10_000;

/** @throws ConfigError where a schema that is to be written is not in the registry, or the registry is away */
export async function openWire(
  { format, registry, topicOf: onCluster }: WireOptions,
  signal: AbortSignal,
): Promise<Wire> {
  const prefixes = new Map<string, Buffer>();
  if (format === 'confluent') {
    for (const topic of topics) {
      if (topic.schema === null) continue;
      const subject = subjectOf(onCluster(topic.name));
      const id = await registry?.idOf(subject, registrableSchema(topic.schema), signal);
      if (id === undefined) throw notRegistered(subject);
      prefixes.set(topic.name, confluentPrefix(id));
    }
  }
  const learnt = learner(registry, signal);

  return {
    frame(message) {
      const { topic, value } = message;
      if (format === 'single-object' || value === null || topicOf(topic)?.schema == null) return message;
      const { body } = unframe(value);
      const prefix = prefixes.get(topic);
      return { ...message, value: prefix === undefined ? body : Buffer.concat([prefix, body]) };
    },

    unframe({ topic, value }) {
      if (value === null) return new Reject('undecodable-message', 'the message has no value');
      const schema = topicOf(topic)?.schema;
      const framed = unframe(value);
      if (schema == null || framed.frame !== 'confluent') return value;
      if (registry === undefined) {
        return new Reject(
          'unknown-schema',
          `it names schema ${framed.id} of a schema registry, and none is configured: give --registry`,
        );
      }
      const prefix = learnt(schema, framed.id);
      if (prefix instanceof Promise) return prefix.then((found) => joined(found, framed.body));
      return joined(prefix, framed.body);
    },
  };
}

function joined(prefix: Buffer | Reject, body: Buffer): Buffer | Reject {
  return prefix instanceof Reject ? prefix : Buffer.concat([prefix, body]);
}

/** What stands before a value in single-object encoding, by its id in the registry: each is asked for once. */
function learner(registry: Registry | undefined, signal: AbortSignal) {
  const known = new Map<string, Buffer | Reject>();
  const asked = new Map<string, Promise<Buffer | Reject>>();

  async function ask(name: SchemaName, id: number): Promise<Buffer | Reject> {
    const schema = await registry!.schema(id, signal);
    if (schema === undefined) return new Reject('unknown-schema', `the schema registry has no Avro schema ${id}`);
    try {
      return singleObjectPrefix(codecs[name].learn(schema));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return new Reject('unknown-schema', `schema ${id} of the registry cannot be read as ${name}: ${reason}`);
    }
  }

  return (name: SchemaName, id: number): Awaitable<Buffer | Reject> => {
    const place = `${name}/${id}`;
    const found = known.get(place) ?? asked.get(place);
    if (found !== undefined) return found;
    const asking = ask(name, id)
      .then((answer) => {
        if (known.size < MOST_UNKNOWN || !(answer instanceof Reject)) known.set(place, answer);
        return answer;
      })
      .finally(() => asked.delete(place));
    asked.set(place, asking);
    return asking;
  };
}

function notRegistered(subject: string): ConfigError {
  return new ConfigError(
    `schema registry: subject ${subject} does not hold this version's schema: ` +
      'register all with `deltasift topics create --wire confluent --register`',
  );
}
