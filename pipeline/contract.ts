/** All that the author of a stage, a source or a transport has to read. */

import type { ZodType } from 'zod';
import type { Alert } from '../schemas/types.ts';

export type Awaitable<T> = T | Promise<T>;

/** A document's own fault: it goes to the dead letters with its code, the reason and its original bytes. Never thrown. */
export class Reject {
  readonly code: RejectCode;
  readonly reason: string;

  constructor(code: RejectCode, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}

/** Every code there is; each is counted, and documented in docs/rejects.md. */
export const REJECT_CODES = [
  'undecodable-message',
  'unknown-schema',
  'malformed-record',
  'corrupt-member',
  'truncated-record',
  'digest-mismatch',
  'too-large',
  'undecodable-text',
  'unparsable-html',
  'unavailable',
  'too-short',
  'bad-token',
  'degenerate-gradient',
  'undeliverable',
] as const;
export type RejectCode = (typeof REJECT_CODES)[number];

/** Left out on purpose, and counted by its reason: a duplicate, a page that is not text. */
export class Drop {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

export type Outcome<Out> = readonly Out[] | Reject | Drop;

/**
 * A function from a batch of values to one outcome per value.
 *
 * Resolve to exactly one outcome per input, in order, however the stream happened to be batched. Return a `Reject` where the
 * document is at fault; throw where we are: the batch then comes again. Calls may overlap; they resolve in the order made.
 */
export interface Stage<In, Out> {
  readonly name: string;
  process(batch: readonly In[], signal: AbortSignal): Awaitable<readonly Outcome<Out>[]>;
  close?(): Awaitable<void>;
}

/** What a crawl says of one document; `id` is the crawl's own name for it, kept as it is. What it does not say is null, or left out. */
export interface CrawledDocument {
  readonly id: string;
  readonly url: string | null;
  readonly text: string;
  /** The address that the page itself gives as its own, absolute. */
  readonly canonicalUrl?: string | null;
  /** When it was fetched: ISO 8601, UTC, to the millisecond. */
  readonly fetchedAt?: string | null;
  readonly title?: string | null;
  /** ISO 639 code of two letters where there is one, else of three. */
  readonly language?: string | null;
  /** How its text was had of the record. */
  readonly extraction?: Extraction | null;
}

/** An HTML page without what stands around its content, or with it; text as served; as a WET file has it; a field of a record. */
export type Extraction = 'html-main' | 'html-all' | 'plain' | 'wet' | 'field';

/** One record of a crawl, and the cursor that resumes after it. `bytes` is the record as it came, kept where it is rejected. */
export type Crawled = { readonly cursor: string } & (
  | { readonly document: CrawledDocument }
  | { readonly reject: Reject; readonly bytes: Uint8Array }
  | { readonly drop: Drop }
);

/** How far a source is, for the progress line; `total` is null where the end is not known (stdin). */
export interface SourceProgress {
  readonly bytes: number;
  /** Where sizes are not known before files are opened, what those opened so far let expect. */
  readonly totalBytes: number | null;
  /** Files passed, and files there are; left out where it reads none. */
  readonly files?: { readonly done: number; readonly total: number };
}

/** Where a record of a source lies: bytes [offset, offset + length) of a file hold it. */
export interface Origin {
  /** Path or address. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  /** Where in these bytes it is, in words; null where they are the record. */
  readonly within: string | null;
  /** The record as it came. */
  readonly bytes: Uint8Array;
}

/** A crawl. Pulling is the back-pressure. `read` yields what follows `cursor`, always in the same order. */
export interface Source {
  /** The name its cursors are kept under: the same for the same crawl. */
  readonly name: string;
  /** True where the end of the input is not its end (a pipe that waits): only then may batches go out on a timer. */
  readonly waits?: boolean;
  read(cursor: string | undefined, signal: AbortSignal): AsyncIterable<Crawled>;
  /**
   * The parts that the source consists of at the moment, in the order to read them: each is read by itself, with a cursor of its
   * own. What has units can be followed (`--follow` asks for them again and again), shared by several crawlers, and changed between
   * two runs. `read` yields what its units yield, one after the other.
   *
   * @param follow they will be asked for again: what is not whole yet, as a last line without its end, is left for then, and there
   *   may be no unit yet
   */
  units?(follow: boolean, signal: AbortSignal): AsyncIterable<Unit>;
  progress?(): SourceProgress;
  /**
   * The record that `cursor` resumes after, read again.
   *
   * @throws ConfigError where it is not there any more
   */
  locate?(cursor: string, signal: AbortSignal): Promise<Origin>;
}

/** A part of a source that one crawler reads: a file of a folder, an address of a list. */
export interface Unit {
  /** Its name among the units of its source. */
  readonly name: string;
  /**
   * Changes whenever there may be something new in it (of a file, its size and time): only then is a unit read again that was read
   * to its end. Null where reading is the only way to know: it is then read at every look.
   */
  readonly version: string | null;
  /** True where it may be met half-written: when followed, it is read once two looks have found the same version. */
  readonly settles?: boolean;
  /** What follows `cursor`; all of it where the unit is no longer what the cursor was made for. */
  read(cursor: string | undefined, signal: AbortSignal): AsyncIterable<Crawled>;
}

/** What a source may use of the process it runs in. */
export interface SourceTools {
  /** Relative paths start there. */
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** What the environment holds under a name that docs/cli.md lists: secrets come from there alone. */
  secret(name: string): string | undefined;
  /** Tells the user. */
  note(sentence: string): void;
  /** A topic of a Kafka cluster to read. */
  openTopic(config: ReadTopic): TopicReader;
  /** The Avro schemas of a registry, by their ids; undefined where it has none of that id. */
  openRegistry(url: string): { schema(id: number, signal: AbortSignal): Promise<unknown> };
}

export interface ReadTopic {
  /** host:port */
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly tls: boolean;
  /** File of the certificate of an authority of one's own. */
  readonly tlsCa?: string | undefined;
  readonly sasl?: 'plain' | 'scram-sha-256' | 'scram-sha-512' | undefined;
}

/** Somebody else's topic: it is in no group, and commits nothing. */
export interface TopicReader {
  /**
   * Its partitions: offset of the first message that there is, and the one behind the last.
   *
   * @throws ConfigError where there is no such topic, or it may not be read
   */
  bounds(signal: AbortSignal): Promise<readonly Bounds[]>;
  /** By partition, the offset of the first message of that time (ms since 1970) or later. */
  since(ms: number, signal: AbortSignal): Promise<ReadonlyMap<number, number>>;
  /**
   * Committed messages of offsets [from, to), as far as there are; where those from `from` on are not kept any more, the first that
   * are.
   */
  read(partition: number, from: number, to: number, signal: AbortSignal): AsyncIterable<TopicMessage>;
  close(): Promise<void>;
}

export interface Bounds {
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}

export interface TopicMessage {
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** As any plug-in; what it makes may need the process it runs in. */
export interface SourcePlugin<Config> extends Omit<Plugin<Config, Source>, 'create'> {
  create(config: Config, tools: SourceTools): Source;
}

/** An alert on its way to a sink. */
export interface ToldAlert extends Alert {
  /** W3C Trace Context of the document, as the crawl began it; left out where it began none. */
  readonly traceparent?: string | undefined;
}

/** Somebody who is told of alerts. May see an alert id twice, never zero times. */
export interface AlertSink {
  /**
   * Resolves once it is told.
   *
   * @throws Undeliverable where this alert will never be taken; after anything else it is sent again, later
   */
  send(alert: ToldAlert, signal: AbortSignal): Promise<void>;
  close?(): Awaitable<void>;
}

/** The alert itself is refused: it goes to the dead letters, and those behind it are sent. */
export class Undeliverable extends Error {
  override readonly name = 'Undeliverable';
}

/** What a sink may use of the process it runs in. */
export interface SinkTools {
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Relative paths start there. */
  readonly folder: string;
  /** Standard output. */
  write(text: string): void;
  /** A topic of a Kafka cluster to write to. */
  openTopic(config: { readonly brokers: readonly string[]; readonly topic: string }): TopicWriter;
}

export interface TopicWriter {
  write(message: Message, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** As any plug-in; what it makes may need the process it runs in. */
export interface SinkPlugin<Config> extends Omit<Plugin<Config, AlertSink>, 'create'> {
  create(config: Config, tools: SinkTools): AlertSink;
}

/** A plug-in is data beside its code: the docs page and the config errors are derived from it. */
export interface Plugin<Config, Made> {
  readonly name: string;
  readonly summary: string;
  readonly config: ZodType<Config>;
  /** The config that the short form `name:rest` stands for. */
  readonly short: (rest: string) => unknown;
  create(config: Config): Made;
}

export interface Message {
  readonly key: string;
  /** Null deletes the key from a compacted topic. */
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Outgoing extends Message {
  readonly topic: string;
  /** Of the topic, where it has several; that of the key where left out. */
  readonly partition?: number;
}

export interface Delivered extends Outgoing {
  readonly partition: number;
  readonly offset: number;
}

/** One list of outgoing messages per input, in order. */
export type Handle = (batch: readonly Delivered[], signal: AbortSignal) => Promise<readonly (readonly Outgoing[])[]>;

/**
 * Kafka, or the embedded one: same tests. Resolve is commit: what `handle` resolves to is written, and its input committed, in
 * one transaction; when it throws, the batch comes again. The next batch may be handed over before the last one resolved;
 * they are committed in order.
 */
export interface Transport {
  /** All of them or none; waits while readers are too far behind. */
  publish(messages: readonly Outgoing[], signal: AbortSignal): Promise<void>;
  /** Hands over what is published to `topic` until `signal` aborts; what is in flight then is still committed. */
  subscribe(topic: string, group: string, handle: Handle, signal: AbortSignal): Promise<void>;
  /** Resolves when all that was published before the call has been handled by every subscribed group. */
  flush(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
