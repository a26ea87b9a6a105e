/** A chain of stages between topics: messages in, messages out, and every document accounted for. */
import type { Count, Document } from '../../schemas/types.ts';
import { UnknownSchema } from '../../schemas/writers.ts';
import {
  type Awaitable,
  type Delivered,
  Drop,
  type Handle,
  type Message,
  type Outcome,
  type Outgoing,
  Reject,
} from '../contract.ts';
import { countMessage, deadMessage, dropMessage } from '../store/messages.ts';
import type { Chain, Settled } from './chain.ts';
import { dropSample } from './drop-sample.ts';
import { tally } from './tally.ts';

export interface LegOptions<In, Out> {
  /**
   * Throws where the bytes are no value of the topic. `writer`: fingerprint of the schema that bare Avro was written with; `headers`: of
   * the message.
   */
  readonly decode: (value: Uint8Array, writer?: string, headers?: Message['headers']) => In;
  /** The bytes to decode, where the transport frames them in another way. What it throws is ours: the batch comes again. */
  readonly unframe?: (message: Delivered) => Awaitable<Uint8Array | Reject>;
  readonly encode: (value: Out) => readonly Outgoing[];
  /** Sent, besides, for the key of each message that was not dropped. */
  readonly remember?: (key: string) => readonly Outgoing[];
  /** Sent, besides, for each value that was dropped: takes back what was told of it before. */
  readonly withdraw?: (value: In) => readonly Outgoing[];
  /** False of what is only on its way: it is not counted. By default all is. */
  readonly isCounted?: (value: Out) => boolean;
  /** What is shown of a document among the examples of those that were dropped. */
  readonly describe?: (value: In) => Pick<Document, 'id' | 'url' | 'text'>;
}

/** Where a message is settled that holds no value of its topic. */
const DECODE = 'decode';

/**
 * The handler that runs a chain. An outgoing message carries the headers of the message it came from, but for its schema; a
 * rejected one goes to the dead letters with its bytes; per stage, documents in = out + dropped + rejected, as `Count` messages
 * with the last of each partition: what came of a partition may be committed without the rest of the batch.
 *
 * A message that comes again was not committed, so what the stages remember runs ahead of the store: `make` is asked for the
 * chain anew. Whatever has to be closed belongs outside of it.
 */
export function leg<In, Out>(
  make: () => Chain<In, Out>,
  { decode, unframe = bytesOf, encode, remember, withdraw, isCounted = () => true, describe }: LegOptions<In, Out>,
): Handle {
  let stages: Chain<In, Out> | undefined;
  const sample = dropSample();
  const latest = new Map<number, number>(); // offset by partition

  function stagesFor(batch: readonly Delivered[]): Chain<In, Out> {
    if (batch.some(({ partition, offset }) => offset <= (latest.get(partition) ?? -1))) {
      stages = undefined;
      latest.clear();
    }
    for (const { partition, offset } of batch) latest.set(partition, offset);
    stages ??= make();
    return stages;
  }

  function outgoing(
    message: Delivered,
    value: In | undefined,
    { outcome, by }: Settled<Out>,
    names: readonly string[],
  ): readonly Outgoing[] {
    if (outcome instanceof Drop) {
      const withdrawn = value === undefined ? [] : withdraw?.(value);
      return [...(withdrawn ?? []), ...exampleOf(message, value, by, outcome.reason)];
    }
    const remembered = remember?.(message.key) ?? [];
    if (outcome instanceof Reject) return [...remembered, deadLetter(message, outcome, by, before(by, names))];
    const { schema: _, ...headers } = message.headers; // of the value that came in
    const sent = outcome.flatMap(encode).map((one) => ({ ...one, headers: { ...headers, ...one.headers } }));
    return [...remembered, ...sent];
  }

  const isEnd = (outcome: Outcome<Out>) =>
    outcome instanceof Drop || outcome instanceof Reject || outcome.every(isCounted);

  function exampleOf({ key, headers }: Delivered, value: In | undefined, stage: string, reason: string) {
    if (value === undefined || describe === undefined || !sample.offer(stage, reason, key)) return [];
    const { source = '', origin = '' } = headers;
    return [dropMessage({ stage, reason, key, source, origin, ...startOf(describe(value)) })];
  }

  return async (batch, signal) => {
    const chain = stagesFor(batch);
    const decoded = await Promise.all(
      batch.map(async (message) => attempt(decode, await unframe(message), message.headers)),
    );
    const values = decoded.flatMap((one) => (one instanceof Reject ? [] : [one.value]));
    const rest = (await chain.trace(values, signal)).values();
    const settled = decoded.map(
      (one): Settled<Out> => (one instanceof Reject ? { outcome: one, by: DECODE } : rest.next().value!),
    );
    const lists = batch.map((message, i) => {
      const one = decoded[i]!;
      return outgoing(message, one instanceof Reject ? undefined : one.value, settled[i]!, chain.stages);
    });
    const last = new Map(batch.map(({ partition }, i) => [partition, i]));
    return lists.map((list, i) => {
      const { partition } = batch[i]!;
      if (last.get(partition) !== i) return list;
      const own = settled.filter(({ outcome }, j) => batch[j]!.partition === partition && isEnd(outcome));
      return [...list, ...countsOf(chain.stages, own).map(countMessage)];
    });
  };
}

/** Characters of a dropped document's text that are kept. */
const START = 200;

function startOf({ id, url, text }: Pick<Document, 'id' | 'url' | 'text'>) {
  return { id, url: url ?? '', text: text.slice(0, START).toWellFormed() };
}

function bytesOf({ value }: Delivered): Uint8Array | Reject {
  return value ?? new Reject('undecodable-message', 'the message has no value');
}

function attempt<In>(
  decode: LegOptions<In, unknown>['decode'],
  bytes: Uint8Array | Reject,
  headers: Message['headers'],
): { readonly value: In } | Reject {
  if (bytes instanceof Reject) return bytes;
  try {
    return { value: decode(bytes, headers['schema'], headers) };
  } catch (error) {
    const code = error instanceof UnknownSchema ? 'unknown-schema' : 'undecodable-message';
    return new Reject(code, error instanceof Error ? error.message : String(error));
  }
}

function deadLetter(
  { topic, key, value, headers: own }: Delivered,
  { code, reason }: Reject,
  stage: string,
  passed: readonly string[],
): Outgoing {
  const headers = { ...own, topic, stage, code, reason, passed: passed.join(',') };
  return deadMessage({ key, bytes: value ?? Buffer.alloc(0), headers });
}

/** The stages that let a document through that `stage` did not. */
function before(stage: string, names: readonly string[]): readonly string[] {
  return stage === DECODE ? [] : names.slice(0, names.indexOf(stage));
}

/** A document is counted by each stage it reached. */
function countsOf(stages: readonly string[], settled: readonly Settled<unknown>[]): readonly Count[] {
  const { add, pass, counts } = tally();
  for (const { outcome, by } of settled) {
    const ended = outcome instanceof Reject || outcome instanceof Drop;
    pass(ended ? before(by, stages) : stages);
    if (!ended) continue;
    add(by, 'in');
    if (outcome instanceof Reject) add(by, 'rejected', outcome.code);
    else add(by, 'dropped', outcome.reason);
  }
  return counts();
}
