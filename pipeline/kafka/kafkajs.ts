/**
 * kafkajs, mended: the only file that loads it. It is no longer maintained, and some of its modules are mended before the rest
 * sees them (docs/decisions/0005-kafkajs-mended.md).
 */
import { createRequire } from 'node:module';
import type { Kafka as Client, KafkaMessage } from 'kafkajs';
import { withoutAborted } from './aborted.ts';
import { CODECS } from './codecs.ts';
import { mendLeaders } from './mend-leaders.ts';
import { mendLookup, mendSearch } from './mend-refusals.ts';
import { mendClose, mendConnect } from './mend-sockets.ts';

const require = createRequire(import.meta.url);

if (isLoaded('kafkajs/src/consumer/batch.js')) {
  throw new Error('kafkajs was loaded before it could be mended: import it from pipeline/kafka/kafkajs.ts alone');
}
mendLookup(require('kafkajs/src/protocol/requests/index.js'));
mendConnect(require('kafkajs/src/network/connection.js'), require('kafkajs/src/errors.js').KafkaJSConnectionError);
mendSearch(require('kafkajs/src/cluster/brokerPool.js'));
replace('kafkajs/src/cluster/brokerPool.js', mendClose(require('kafkajs/src/cluster/brokerPool.js')));
// It takes the broker's list of aborted transactions to be in order of their beginnings, and shows what others wrote in between.
replace('kafkajs/src/consumer/filterAbortedMessages.js', withoutAborted);
mendLeaders(require('kafkajs/src/cluster/index.js'));
mendTimer(require('kafkajs/src/network/requestQueue/index.js'));
mendReset(require('kafkajs/src/consumer/offsetManager/index.js'));
mendJoin(require('kafkajs/src/consumer/consumerGroup.js'));

const kafkajs: typeof import('kafkajs') = require('kafkajs');
for (const [name, codec] of Object.entries(CODECS))
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes[name as keyof typeof CODECS]] = () => codec;

export const {
  AssignerProtocol,
  CompressionTypes,
  ConfigResourceTypes,
  Kafka,
  PartitionAssigners,
  Partitioners,
  logLevel,
} = kafkajs;

/** What of a cluster its public clients do not offer: to fetch without a group. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  /** Partitions by the id of the broker that leads them. */
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>;
  findBroker(node: { readonly nodeId: string }): Promise<Broker>;
}

export interface Broker {
  fetch(request: {
    readonly isolationLevel: 0 | 1;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly fetchOffset: string;
        readonly maxBytes: number;
      }[];
    }[];
  }): Promise<{ readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>;
}

export interface FetchedPartition {
  readonly lastStableOffset: string;
  readonly messages: readonly unknown[];
}

interface FetchedBatch {
  /** Without those of aborted transactions, and without control records. */
  readonly messages: readonly KafkaMessage[];
  lastOffset(): string;
}

/** Messages of a fetch from an offset on. */
export const FetchedMessages: new (
  topic: string,
  from: string,
  fetched: FetchedPartition,
) => FetchedBatch = require('kafkajs/src/consumer/batch.js');

export function clusterOf(client: Client): Cluster {
  const key = Object.getOwnPropertySymbols(client).find(({ description }) => description === CREATE_CLUSTER);
  const create = (client as unknown as Record<symbol, (options: object) => Cluster>)[key!]!;
  return create({ allowAutoTopicCreation: false, metadataMaxAge: 60_000, isolationLevel: 1 });
}
const CREATE_CLUSTER = 'private:Kafka:createCluster';

function isLoaded(module: string): boolean {
  return require.cache[require.resolve(module)] !== undefined;
}

function replace(module: string, exports: unknown): void {
  require(module);
  require.cache[require.resolve(module)]!.exports = exports;
}

interface RequestQueue {
  pending: readonly unknown[];
  /** ms since the epoch; -1 when it never was */
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

/** It sets timers to a time in the past, which Node warns of on the user's terminal. */
function mendTimer({ prototype }: { readonly prototype: RequestQueue }): void {
  prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue) {
    if (this.throttleCheckTimeoutId !== null) return;
    const soon = this.pending.length > 0 ? 10 : 1;
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      Math.max(soon, this.throttledUntil - Date.now()),
    );
  };
}

interface OffsetManager {
  setDefaultOffset(place: { readonly topic: string; readonly partition: number }): Promise<void>;
}

/**
 * Where a group's place is outside of the log, it moves the group to the beginning, outside of any transaction: all would be read
 * again. The consumer ends instead, and the next one asks where the group is.
 */
function mendReset({ prototype }: { readonly prototype: OffsetManager }): void {
  prototype.setDefaultOffset = async ({ topic, partition }) => {
    throw new Error(`${topic}/${partition}: the place of the group is outside of the log`);
  };
}

const formerMembers = new Map<string, string>(); // member id by group

/**
 * The next consumer of the group joins as this member, whose consumer has ended without leaving: as a new one it would wait until
 * the group takes the former one for dead.
 */
export function rejoinAs(group: string, member: string): void {
  formerMembers.set(group, member);
}

interface ConsumerGroup {
  readonly groupId: string;
  memberId: string | null;
  connect(): Promise<void>;
}

/** It gives every consumer a member id of its own. */
function mendJoin({ prototype }: { readonly prototype: ConsumerGroup }): void {
  const { connect } = prototype;
  prototype.connect = async function connectAs(this: ConsumerGroup) {
    this.memberId = formerMembers.get(this.groupId) ?? this.memberId;
    formerMembers.delete(this.groupId);
    await connect.call(this);
  };
}
