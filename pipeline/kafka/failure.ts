/** Which errors of a cluster are no use trying again. */
import { ConfigError } from '../error.ts';
import type { Denied } from './denied.ts';

interface KafkaError {
  readonly name?: string;
  readonly type?: string;
  readonly message?: string;
  readonly cause?: unknown;
  /** See kafkajs.ts. */
  readonly denied?: Denied;
}

/** An error, what caused it, and what caused that. */
export function* causesOf(error: unknown): Generator<KafkaError> {
  for (let at = error as KafkaError | null | undefined; at != null; at = at.cause as KafkaError | null | undefined)
    yield at;
}

/** Whether an error, or one that caused it, is of a type that Kafka's protocol names. */
export function isOfType(error: unknown, type: string): boolean {
  return causesOf(error).some((at) => at.type === type);
}

/** The error, or, where it says that this topic is not there, one that names it. */
export function ofTopic(error: unknown, topicOnCluster: string): unknown {
  if (!isOfType(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return error;
  return new ConfigError(`no topic ${topicOnCluster} on the cluster: make it with \`deltasift topics create\``);
}

/** The error to end with, where only another config or an administrator can help; undefined where waiting may. */
export function refusal(error: unknown): ConfigError | undefined {
  for (const at of causesOf(error)) {
    if (at instanceof ConfigError) return at;
    if (at.name === 'KafkaJSSASLAuthenticationError') {
      return new ConfigError(`the brokers refused the credentials: ${at.message}`);
    }
    if (at.denied !== undefined) return new ConfigError(`the brokers do not allow it: ${missing(at.denied)}`);
    if (at.type?.endsWith('_AUTHORIZATION_FAILED')) {
      return new ConfigError(`the brokers do not allow it: ${at.message} (${at.type}): the user needs an ACL for it`);
    }
    if (at.type === 'MESSAGE_TOO_LARGE' || at.type === 'RECORD_LIST_TOO_LARGE') {
      return new ConfigError(`a topic takes no message of that size: ${at.message}: raise its max.message.bytes`);
    }
    if (at.type === 'UNKNOWN_TOPIC_OR_PARTITION') {
      return new ConfigError(`a topic is missing: ${at.message}: make them with \`deltasift topics create\``);
    }
  }
  return undefined;
}

function missing({ right, on, names }: Denied): string {
  const also = right === 'Describe' ? ', which Read and Write bring along' : '';
  const of = names.length === 0 ? on : `${on} ${names.join(', ')}`;
  return `the user needs an ACL for ${right} on ${of}${also}; docs/acls.md lists what each command needs`;
}
