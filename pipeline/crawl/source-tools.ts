/** What sources may use of this process. */
import { resolve } from 'node:path';
import type { ReadTopic, SourceTools, TopicReader } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { ConfigError } from '../error.ts';
import { basic } from '../kafka/basic.ts';
import { certificate } from '../kafka/certificate.ts';
import type { Registry } from '../kafka/registry.ts';

export interface SourceWorld {
  readonly environment: Environment;
  /** Folder that relative paths start from. */
  readonly folder: string;
  /** Seconds since 1970. */
  clock(): number;
  note(sentence: string): void;
}

export function sourceTools({ environment, folder, clock, note }: SourceWorld): SourceTools {
  const secret = (name: string) => environment.sourceSecrets?.[name];

  /** @throws ConfigError where it is missing */
  function needed(name: string, why: string): string {
    const value = secret(name);
    if (value === undefined) throw new ConfigError(`${why}: set ${name} in the environment`);
    return value;
  }

  /** kafkajs is loaded when a topic is read: whatever does not read one starts sooner. */
  function openTopic({ brokers, topic, tls, tlsCa, sasl }: ReadTopic): TopicReader {
    const connection = {
      brokers,
      clientId: 'deltasift-source',
      ...(tls ? { tls: tlsCa === undefined ? {} : { ca: certificate(resolve(folder, tlsCa), 'tlsCa') } } : {}),
      ...(sasl === undefined
        ? {}
        : {
            sasl: {
              mechanism: sasl,
              username: needed('SOURCE_KAFKA_USERNAME', `source kafka, sasl ${sasl}`),
              password: needed('SOURCE_KAFKA_PASSWORD', `source kafka, sasl ${sasl}`),
            },
          }),
    };
    let loaded: Promise<TopicReader> | undefined;
    const open = () => {
      loaded ??= import('../kafka/topic-reader.ts').then(({ topicReader }) => topicReader(connection, topic));
      return loaded;
    };
    return {
      bounds: async (signal) => await (await open()).bounds(signal),
      since: async (ms, signal) => await (await open()).since(ms, signal),
      async *read(partition, from, to, signal) {
        yield* (await open()).read(partition, from, to, signal);
      },
      close: async () => await (await loaded)?.close(),
    };
  }

  function openRegistry(url: string) {
    const authorization = basic(secret('SOURCE_REGISTRY_USERNAME'), secret('SOURCE_REGISTRY_PASSWORD'));
    let loaded: Promise<Registry> | undefined;
    return {
      async schema(id: number, signal: AbortSignal) {
        loaded ??= import('../kafka/registry.ts').then(({ registry }) => registry({ url, authorization }));
        return await (await loaded).schema(id, signal);
      },
    };
  }

  return { folder, note, secret, openTopic, openRegistry, now: () => Math.round(clock() * 1000) };
}
