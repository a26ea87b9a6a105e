/** Clients of one cluster, for each kind of work the patience it needs. */
import type { Kafka as Client, RetryOptions } from 'kafkajs';
import { Kafka, logLevel } from './kafkajs.ts';

export interface KafkaConnection {
  /** host:port of some of the brokers */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** TLS: with the certificates of the system, or with this authority's alone. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
  readonly sasl?: Sasl | undefined;
  readonly log?: Log;
}

export interface Sasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** What the client says of itself. */
export type Log = (
  level: 'error' | 'warn' | 'info',
  message: string,
  details: Readonly<Record<string, unknown>>,
) => void;

/**
 * transactions: the broker answers "not yet" for some ms after a commit, so it is asked again soon, for about 10 s in all.
 * patient: a broker that is away is waited for, and noticed again within a second.
 */
const RETRY: Readonly<Record<'transactions' | 'patient', RetryOptions>> = {
  transactions: { initialRetryTime: 3, factor: 0.2, multiplier: 1.3, maxRetryTime: 50, retries: 200 },
  patient: { initialRetryTime: 50, factor: 0.2, multiplier: 1.5, maxRetryTime: 1000, retries: 20 },
};

export function kafkaClient(
  { brokers, clientId, tls, sasl, log = () => undefined }: KafkaConnection,
  patience: keyof typeof RETRY,
): Client {
  return new Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 2000,
    requestTimeout: 30_000,
    retry: RETRY[patience],
    ...(tls === undefined ? {} : { ssl: { ...tls } }),
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
    logLevel: logLevel.INFO,
    logCreator:
      () =>
      // what it calls errors are mostly answers that it then tries again on
      ({ log: { message, timestamp, logger, ...details } }) =>
        log('info', message, details),
  });
}

function saslOf({ mechanism, username, password }: Sasl) {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password } as const;
    case 'scram-sha-256':
      return { mechanism, username, password } as const;
    case 'scram-sha-512':
      return { mechanism, username, password } as const;
  }
}
