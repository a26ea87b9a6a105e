/** The topics of schemas/topics.ts on a cluster: made, compared, brought in line. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { type Topic, topics } from '../../schemas/topics.ts';
import { ConfigError } from '../error.ts';
import { REPLAY } from '../store/messages.ts';
import { again } from './again.ts';
import { isOfType } from './failure.ts';
import { MAX_MESSAGE_BYTES } from './fit.ts';
import { ConfigResourceTypes } from './kafkajs.ts';
import { topicsThere } from './visible.ts';

export interface Layout {
  readonly prefix: string;
  /** Of every topic: what came of one partition goes to the same one of another. At least as many as workers of a leg. */
  readonly partitions: number;
  readonly replicas: number;
  /** Of all partitions of `replay` together: above that the oldest records go. No cap where left out. */
  readonly replayBytes?: number | undefined;
}

export interface WantedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly config: Readonly<Record<string, string>>;
}

/** Where a topic of the cluster is not as it should be. */
export interface Difference {
  readonly topic: string;
  /** `partitions`, `replicas` or a setting's name; `topic` where it is missing. */
  readonly what: string;
  readonly wanted: string;
  readonly actual: string;
}

export interface TopicReport {
  readonly wanted: readonly WantedTopic[];
  readonly differences: readonly Difference[];
}

/** How long a tombstone can be seen: a worker rebuilds its store within it. */
const TOMBSTONES_MS = 24 * 3600 * 1000;
const MISSING = 'topic';

export function wantedTopics({ prefix, partitions, replicas, replayBytes }: Layout): readonly WantedTopic[] {
  return topics.map((topic: Topic) => ({
    name: prefix + topic.name,
    partitions,
    replicas,
    config: {
      ...configOf(topic),
      ...(topic.name === REPLAY && replayBytes !== undefined
        ? { 'retention.bytes': String(Math.max(1, Math.floor(replayBytes / partitions))) }
        : {}),
    },
  }));
}

function configOf({ cleanup }: Topic): Readonly<Record<string, string>> {
  const kept: Record<string, string> =
    cleanup === 'compact'
      ? { 'cleanup.policy': 'compact', 'delete.retention.ms': String(TOMBSTONES_MS) }
      : { 'cleanup.policy': 'delete', 'retention.ms': String(cleanup.deleteAfterMs) };
  return { ...kept, 'compression.type': 'zstd', 'max.message.bytes': String(MAX_MESSAGE_BYTES) };
}

/** What is there, against what should be. */
export async function describeTopics(admin: Admin, layout: Layout): Promise<TopicReport> {
  const wanted = wantedTopics(layout);
  const names = await topicsThere(
    admin,
    wanted.map(({ name }) => name),
  );
  const there = wanted.filter(({ name }) => names.has(name));
  const missing = wanted.filter(({ name }) => !names.has(name));
  const absent = missing.map(({ name }) => ({ topic: name, what: MISSING, wanted: 'there', actual: 'missing' }));
  if (there.length === 0) return { wanted, differences: absent };

  const metadata = await admin.fetchTopicMetadata({ topics: there.map(({ name }) => name) });
  const resources = there.map(({ name, config }) => ({
    type: ConfigResourceTypes.TOPIC,
    name,
    configNames: Object.keys(config),
  }));
  const described = await again(() => admin.describeConfigs({ includeSynonyms: false, resources }), ONCE_KNOWN);
  const present = there.flatMap(({ name, partitions, replicas, config }): Difference[] => {
    const found = metadata.topics.find((topic) => topic.name === name)?.partitions ?? [];
    const settings = described.resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
    const pairs: [string, string, string][] = [
      ['partitions', String(partitions), String(found.length)],
      ['replicas', String(replicas), String(found[0]?.replicas.length ?? 0)],
      ...Object.entries(config).map(([setting, value]): [string, string, string] => [
        setting,
        value,
        settings.find(({ configName }) => configName === setting)?.configValue ?? '',
      ]),
    ];
    return pairs
      .filter(([, want, have]) => want !== have)
      .map(([what, want, have]) => ({ topic: name, what, wanted: want, actual: have }));
  });
  return { wanted, differences: [...absent, ...present] };
}

const NOT_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'] as const;
/** Topics that are there are asked about until the broker knows them: it may hear of them later than the one that made them. */
const ONCE_KNOWN = {
  tries: 300,
  helps: (error: unknown) => NOT_YET.some((type) => isOfType(error, type)),
  between: () => delay(100),
};

/**
 * Makes what is missing. A topic that is there and differs is left alone, and refused, unless `apply`: then its settings are
 * changed, and partitions are added where there are no messages yet. Resolves with what was done.
 *
 * @throws ConfigError that lists the differences which are not to be, or cannot be, applied
 */
export async function createTopics(
  admin: Admin,
  layout: Layout,
  { apply }: { readonly apply: boolean },
): Promise<readonly Difference[]> {
  const { wanted, differences } = await describeTopics(admin, layout);
  const missing = differences.filter(({ what }) => what === MISSING);
  const other = differences.filter(({ what }) => what !== MISSING);
  const impossible = other.filter(
    ({ what, wanted: want, actual }) => what === 'replicas' || (what === 'partitions' && Number(want) < Number(actual)),
  );
  if (impossible.length > 0) {
    throw new ConfigError(
      `${shown(impossible)}\nKafka cannot change this: ask for what is there, or use another prefix`,
    );
  }
  const grown = other.filter(({ what }) => what === 'partitions');
  const growing = grown.map(({ topic }) => topic);
  const used = await inUse(admin, growing);
  if (used.length > 0) {
    const settled = grown.filter(({ topic }) => used.includes(topic));
    throw new ConfigError(
      `${shown(settled)}\nthey hold messages, and with more partitions a text would move away from where it was seen: ask for what is there, or use another prefix`,
    );
  }
  if (other.length > 0 && !apply) {
    throw new ConfigError(`${shown(other)}\nnothing was changed: give --apply to bring them in line`);
  }

  const made = wanted.filter(({ name }) => missing.some(({ topic }) => topic === name));
  if (made.length > 0) {
    const { brokers } = await admin.describeCluster();
    if (layout.replicas > brokers.length) {
      throw new ConfigError(
        `--replicas ${layout.replicas}: the cluster has ${brokers.length} brokers: expected no more`,
      );
    }
    await admin.createTopics({
      waitForLeaders: false,
      topics: made.map(({ name, partitions, replicas, config }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor: replicas,
        configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      })),
    });
    const names = made.map(({ name }) => name);
    await again(() => admin.fetchTopicMetadata({ topics: names }), ONCE_KNOWN);
  }
  if (grown.length > 0) {
    await admin.createPartitions({
      topicPartitions: grown.map(({ topic, wanted: count }) => ({ topic, count: Number(count) })),
    });
  }
  const changed = wanted.filter(({ name }) => other.some(({ topic, what }) => topic === name && what !== 'partitions'));
  if (changed.length > 0) {
    const own = await ownSettings(admin, changed);
    await admin.alterConfigs({
      validateOnly: false,
      resources: changed.map(({ name, config }) => ({
        type: ConfigResourceTypes.TOPIC,
        name,
        configEntries: Object.entries({ ...own.get(name), ...config }).map(([key, value]) => ({ name: key, value })),
      })),
    });
  }
  return differences;
}

/** Those of the topics to which something was ever written. */
async function inUse(admin: Admin, names: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    names.map(async (name) =>
      (await admin.fetchTopicOffsets(name)).some(({ high }) => Number(high) > 0) ? [name] : [],
    ),
  );
  return found.flat();
}

/** Where kafkajs's answer says that a setting was made on the topic itself. */
const OF_TOPIC = 1;

/** What was set on the topics: to change one setting is to say all of them, others' as well. */
async function ownSettings(
  admin: Admin,
  of: readonly WantedTopic[],
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: of.map(({ name }) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      Object.fromEntries(
        configEntries
          .filter(({ configSource, isSensitive }) => Number(configSource) === OF_TOPIC && !isSensitive)
          .map(({ configName, configValue }) => [configName, configValue]),
      ),
    ]),
  );
}

/** Those of the layout's topics that are on the cluster. */
export async function presentTopics(admin: Admin, layout: Layout): Promise<readonly string[]> {
  const wanted = wantedTopics(layout).map(({ name }) => name);
  const there = await topicsThere(admin, wanted);
  return wanted.filter((name) => there.has(name)).sort();
}

/** Resolves, once they are gone, with the names of those that were there. */
export async function deleteTopics(admin: Admin, layout: Layout, signal: AbortSignal): Promise<readonly string[]> {
  const names = await presentTopics(admin, layout);
  if (names.length > 0) await admin.deleteTopics({ topics: [...names] });
  while ((await presentTopics(admin, layout)).length > 0) await delay(50, undefined, { signal });
  return names;
}

function shown(differences: readonly Difference[]): string {
  return differences
    .map(({ topic, what, wanted, actual }) => `${topic}: ${what} is ${actual}, wanted ${wanted}`)
    .join('\n');
}
