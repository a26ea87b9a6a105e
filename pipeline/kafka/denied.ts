/** Which right a request lacked, in the words of an ACL: a cluster says that it did not allow one, not what it takes. */

export interface Denied {
  /** As `kafka-acls.sh` calls the operation. */
  readonly right: string;
  readonly on: Resource;
  /** Topics, groups or transactional ids that it is missing on; none of a cluster. */
  readonly names: readonly string[];
}

/** Of what an error code of the protocol says that it was not allowed. */
const REFUSED: Readonly<Record<number, Resource>> = { 29: 'topic', 30: 'group', 31: 'cluster', 53: 'transactional id' };
type Resource = 'topic' | 'group' | 'transactional id' | 'cluster';

/** By request; "Authorization" in the operator's manual of Kafka has them all. */
const RIGHTS: Readonly<Record<Resource, Readonly<Record<string, string>>>> = {
  topic: {
    Metadata: 'Describe',
    ListOffsets: 'Describe',
    OffsetFetch: 'Describe',
    Fetch: 'Read',
    OffsetCommit: 'Read',
    TxnOffsetCommit: 'Read',
    Produce: 'Write',
    AddPartitionsToTxn: 'Write',
    CreateTopics: 'Create',
    CreatePartitions: 'Alter',
    DescribeConfigs: 'DescribeConfigs',
    AlterConfigs: 'AlterConfigs',
    DeleteTopics: 'Delete',
  },
  group: { GroupCoordinator: 'Describe', OffsetFetch: 'Describe' },
  'transactional id': { GroupCoordinator: 'Describe' },
  cluster: { CreateTopics: 'Create', InitProducerId: 'IdempotentWrite' },
};
/** Of the requests that are not named above. */
const OTHERWISE: Readonly<Record<Resource, string>> = {
  topic: 'Describe',
  group: 'Read',
  'transactional id': 'Write',
  cluster: 'ClusterAction',
};

export interface Request {
  /** As kafkajs calls it. */
  readonly name: string;
  readonly groupId?: string | undefined;
  readonly transactionalId?: string | undefined;
}

/**
 * @param answer as it was decoded. Of several topics it says which; kafkajs throws what it says of the first
 * @returns undefined where the cluster refused for another reason
 */
export function deniedOf(request: Request, answer: unknown): Denied | undefined {
  const refused = [...refusals(answer)];
  const on = refused[0]?.on;
  if (on === undefined) return undefined;
  const right = RIGHTS[on][request.name] ?? OTHERWISE[on];
  const topics = refused.flatMap(({ topic }) => (topic === undefined ? [] : [topic]));
  return { right, on, names: on === 'topic' ? [...new Set(topics)].sort() : namesOf(on, request) };
}

function namesOf(on: Exclude<Resource, 'topic'>, { groupId, transactionalId }: Request): readonly string[] {
  switch (on) {
    case 'group':
      return groupId === undefined ? [] : [groupId];
    case 'transactional id': // kafkajs asks for its coordinator as for that of a group
      return [transactionalId ?? groupId ?? ''];
    case 'cluster':
      return [];
  }
}

interface Refusal {
  readonly on: Resource;
  readonly topic: string | undefined;
}

/** An answer's own, or those of the topics in it, or of their partitions. */
function* refusals(answer: unknown, topic?: string): Generator<Refusal> {
  if (typeof answer !== 'object' || answer === null || Buffer.isBuffer(answer)) return;
  const fields = answer as Readonly<Record<string, unknown>>;
  const named = [fields['topic'], fields['topicName'], fields['resourceName']].find((name) => typeof name === 'string');
  const own = (named as string | undefined) ?? topic;
  for (const [field, value] of Object.entries(fields)) {
    const on = /errorCode$/i.test(field) ? REFUSED[value as number] : undefined;
    if (on !== undefined) yield { on, topic: own };
    else yield* refusals(value, own);
  }
}
