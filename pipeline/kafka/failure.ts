/** Which errors of a cluster are no use trying again. */
import { ConfigError } from '../error.ts';

interface KafkaError {
  readonly name?: string;
  readonly type?: string;
  readonly message?: string;
  readonly cause?: unknown;
}

/** The error to end with, where only another config or an administrator can help; undefined where waiting may. */
export function refusal(error: unknown): ConfigError | undefined {
  for (let at = error as KafkaError | undefined; at !== undefined && at !== null; at = at.cause as KafkaError) {
    if (at.name === 'KafkaJSSASLAuthenticationError') {
      return new ConfigError(`the brokers refused the credentials: ${at.message}`);
    }
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
