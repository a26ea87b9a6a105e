/** Every topic: what is in it, how it is kept, and who writes and reads it. */

/** Names of .avsc files. */
export type SchemaName =
  | 'document'
  | 'tokens'
  | 'gradients'
  | 'score'
  | 'selection'
  | 'count'
  | 'alert'
  | 'replay'
  | 'basis'
  | 'signature'
  | 'comparison'
  | 'delta';

export interface Topic {
  readonly name: string;
  readonly summary: string;
  /** Of the value; null where it is bytes without a schema. */
  readonly schema: SchemaName | null;
  readonly key: string;
  /**
   * key: messages of one key are in one partition. input: what came of a partition goes to the partition of the same number, so
   * that whoever owns the one has all of the other. band: a message goes, one after the other, to those its bands fall into.
   */
  readonly partitionBy: 'key' | 'input' | 'band';
  /** Kept for so long where it is deleted by age; compacted topics keep the last message of each key for ever. */
  readonly cleanup: { readonly deleteAfterMs: number } | 'compact';
  /** Stages that write it and read it; `crawl` is a source's. */
  readonly writtenBy: readonly string[];
  readonly readBy: readonly string[];
}

const DAY_MS = 24 * 3600 * 1000;
const STEPS = [
  'tokenize',
  'compare',
  'gradient',
  'score',
  'select',
  'watch',
  'match',
  'alert',
  'digest',
  'deliver',
] as const;

export const topics = [
  {
    name: 'documents',
    summary: 'crawled documents',
    schema: 'document',
    key: 'SHA-256 of the text',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 7 * DAY_MS },
    writtenBy: ['crawl'],
    readBy: ['tokenize'],
  },
  {
    name: 'tokens',
    summary: 'token ids of every window of a document',
    schema: 'tokens',
    key: 'document key',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 7 * DAY_MS },
    writtenBy: ['tokenize', 'compare'],
    readBy: ['gradient'],
  },
  {
    name: 'sketches',
    summary: 'what the model says of every window: losses, norms, alignments, sketches of gradients',
    schema: 'gradients',
    key: 'document key',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 30 * DAY_MS },
    writtenBy: ['gradient'],
    readBy: ['score'],
  },
  {
    name: 'scores',
    summary: 'a line for each document and delta',
    schema: 'score',
    key: 'document key',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 30 * DAY_MS },
    writtenBy: ['score'],
    readBy: ['select', 'watch'],
  },
  {
    name: 'replay',
    summary: 'what is kept of a document to score it against deltas that come later',
    schema: 'replay',
    key: 'document key',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 90 * DAY_MS },
    writtenBy: ['gradient'],
    readBy: [],
  },
  {
    name: 'bases',
    summary: 'what replay records are written in',
    schema: 'basis',
    key: 'measurement id/basis id',
    partitionBy: 'key',
    cleanup: 'compact',
    writtenBy: ['worker'],
    readBy: ['worker'],
  },
  {
    name: 'selection',
    summary: "changes of the store: a partition is one share of every delta's",
    schema: 'selection',
    key: 'delta/list/key',
    partitionBy: 'input',
    cleanup: 'compact',
    writtenBy: ['select'],
    readBy: [],
  },
  {
    name: 'deltas',
    summary: 'what documents are scored against, and whether it is active, paused or removed',
    schema: 'delta',
    key: 'delta id',
    partitionBy: 'key',
    cleanup: 'compact',
    writtenBy: ['delta', 'worker'],
    readBy: ['gradient', 'score', 'select'],
  },
  {
    name: 'workers',
    summary: 'JSON: which deltas each worker scores, and why not the others; one that is gone has none',
    schema: null,
    key: 'name of the worker',
    partitionBy: 'key',
    cleanup: 'compact',
    writtenBy: ['worker'],
    readBy: [],
  },
  {
    name: 'watched',
    summary: 'what rules look at of each score of a delta that they are about, all of a delta in one partition',
    schema: 'score',
    key: 'delta id',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 7 * DAY_MS },
    writtenBy: ['watch'],
    readBy: ['match'],
  },
  {
    name: 'matches',
    summary: 'documents that passed the threshold of a rule',
    schema: 'alert',
    key: 'delta id',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 30 * DAY_MS },
    writtenBy: ['match'],
    readBy: ['alert'],
  },
  {
    name: 'rules',
    summary: "running values of the rules: distributions, thresholds, what was told; partitioned as the leg's input",
    schema: null,
    key: 'kind/rule/delta id',
    partitionBy: 'input',
    cleanup: 'compact',
    writtenBy: ['match', 'alert'],
    readBy: ['match', 'alert'],
  },
  {
    name: 'alerts',
    summary: 'what to tell of, and what was held with the reason',
    schema: 'alert',
    key: 'alert id',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 90 * DAY_MS },
    writtenBy: ['alert', 'digest'],
    readBy: ['deliver'],
  },
  {
    name: 'held',
    summary: "alerts above their rule's limit, to be told of in a digest",
    schema: 'alert',
    key: 'delta id',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 30 * DAY_MS },
    writtenBy: ['alert'],
    readBy: ['digest'],
  },
  {
    name: 'seen',
    summary: 'documents that were handled: a partition is the set of the same partition of documents',
    schema: null,
    key: 'document key',
    partitionBy: 'input',
    cleanup: 'compact',
    writtenBy: ['tokenize'],
    readBy: ['tokenize'],
  },
  {
    name: 'bands',
    summary: 'documents on their way past those that are like them, where near duplicates are dropped',
    schema: 'comparison',
    key: 'document key',
    partitionBy: 'band',
    cleanup: { deleteAfterMs: 7 * DAY_MS },
    writtenBy: ['tokenize', 'compare'],
    readBy: ['compare'],
  },
  {
    name: 'signatures',
    summary: 'what near duplicates are known by: a partition has the documents that passed the same one of bands',
    schema: 'signature',
    key: 'document key',
    partitionBy: 'input',
    cleanup: 'compact',
    writtenBy: ['compare'],
    readBy: ['compare'],
  },
  {
    name: 'cursors',
    summary: 'how far each source was read',
    schema: null,
    key: 'name of the source, or [source, file] as JSON',
    partitionBy: 'key',
    cleanup: 'compact',
    writtenBy: ['crawl'],
    readBy: ['crawl'],
  },
  {
    name: 'counts',
    summary: 'documents in, out, dropped and rejected, by stage',
    schema: 'count',
    key: 'stage/outcome/code',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 365 * DAY_MS },
    writtenBy: ['crawl', ...STEPS],
    readBy: [],
  },
  {
    name: 'dead',
    summary: 'rejected records and messages as they came; headers say the stage, code, reason and origin',
    schema: null,
    key: 'as it came',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 90 * DAY_MS },
    writtenBy: ['crawl', ...STEPS],
    readBy: [],
  },
  {
    name: 'replayed',
    summary: 'dead letters that were sent again',
    schema: null,
    key: 'partition/offset of the dead letter',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 365 * DAY_MS },
    writtenBy: ['replay'],
    readBy: ['replay'],
  },
  {
    name: 'drops',
    summary:
      'examples of what was dropped on purpose, a few for each reason: its start; headers say the stage, reason and origin',
    schema: null,
    key: 'stage/reason/document key',
    partitionBy: 'key',
    cleanup: { deleteAfterMs: 90 * DAY_MS },
    writtenBy: ['crawl', 'tokenize', 'compare'],
    readBy: [],
  },
] as const satisfies readonly Topic[];

export type TopicName = (typeof topics)[number]['name'];

export function topicOf(name: string): Topic | undefined {
  return topics.find((topic) => topic.name === name);
}
