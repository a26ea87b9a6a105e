/** A crawl into the topic `documents`, with the cursor that goes on after them. */
import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { documentCodec } from '../schemas/codec.ts';
import { hostOf } from '../schemas/provenance.ts';
import type { Count, Document } from '../schemas/types.ts';
import type { Crawled, CrawledDocument, Outgoing, Source, Transport } from './contract.ts';
import { dropSample } from './drop-sample.ts';
import {
  COUNTS,
  CURSORS,
  type CursorMark,
  countMessage,
  cursorMessage,
  DEAD,
  deadMessage,
  dropMessage,
} from './store/messages.ts';
import { tally } from './tally.ts';

export const DOCUMENTS = 'documents';
/** The topics that a crawl publishes to. */
export const CRAWL_WRITES = [DOCUMENTS, COUNTS, DEAD, CURSORS] as const;
const STAGE = 'crawl';
/** Characters of a title. */
const TITLE = 300;
/** Records published in one transaction: the first time few, so that they are on their way soon, then ever more of them. */
const GROUP = { first: 8, most: 64 } as const;

export interface CrawlOptions {
  /** Where an earlier crawl of the source ended. */
  readonly from: CursorMark | undefined;
  /** Documents of equal text are one document. */
  readonly dedup: boolean;
  /** Records of the source to read in all, those before `from` included. */
  readonly limit?: number | undefined;
}

/** Publishes until the source ends, `limit` is reached or `signal` aborts; what was published counts as read. */
export async function crawl(
  source: Source,
  transport: Transport,
  { from, dedup, limit = Number.POSITIVE_INFINITY }: CrawlOptions,
  signal: AbortSignal,
): Promise<void> {
  let read = from?.read ?? 0;
  let size: number = GROUP.first;
  let group: Crawled[] = [];
  const examples = dropSample();

  async function publish(): Promise<void> {
    const last = group.at(-1);
    if (last === undefined) return;
    const messages = group.flatMap((crawled, i) => messageOf(crawled, read - group.length + i) ?? []);
    const counts = countsOf(group).map(countMessage);
    group = [];
    size = Math.min(2 * size, GROUP.most);
    const cursor = cursorMessage({ source: source.name, cursor: last.cursor, read });
    await transport.publish([...messages, ...counts, cursor], signal);
  }

  function messageOf(crawled: Crawled, place: number): Outgoing | undefined {
    const provenance = { source: source.name, origin: crawled.cursor };
    const name = `${source.name}#${place}`;
    if ('drop' in crawled) {
      const { reason } = crawled.drop;
      if (!examples.offer(STAGE, reason, name)) return undefined;
      return dropMessage({ stage: STAGE, reason, key: name, id: '', url: '', text: '', ...provenance });
    }
    if ('reject' in crawled) {
      const { code, reason } = crawled.reject;
      const headers = { ...provenance, stage: STAGE, code, reason };
      return deadMessage({ key: name, bytes: Buffer.from(crawled.bytes), headers });
    }
    const hash = sha256(crawled.document.text);
    const key = dedup ? hash : `${hash}@${name}`;
    const value = documentCodec.encode({ key, ...described(crawled.document), ...provenance });
    return { topic: DOCUMENTS, key, value, headers: provenance };
  }

  if (read >= limit) return;
  const records = source.read(from?.cursor, signal);
  for await (const crawled of source.waits ? promptly(records, publish) : records) {
    group.push(crawled);
    read++;
    if (group.length >= size || read >= limit) await publish();
    if (read >= limit) break;
  }
  await publish();
}

/** With what the crawl does not say. */
function described(document: CrawledDocument): Omit<Document, 'key' | 'source' | 'origin'> {
  const { id, url, text, canonicalUrl = null, fetchedAt = null, language = null, extraction = null } = document;
  const title = document.title?.replace(/\s+/g, ' ').trim().slice(0, TITLE).toWellFormed() || null;
  return { id, url, text, canonicalUrl, host: hostOf(url), fetchedAt, title, language, extraction };
}

/** The same records; `idle` is called, and awaited, before a wait for one that is not there yet. */
async function* promptly<T>(records: AsyncIterable<T>, idle: () => Promise<void>): AsyncGenerator<T> {
  const iterator = records[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = iterator.next();
      const there = await Promise.race([next.then(() => true), breathe(false)]);
      if (!there) await idle();
      const { done, value } = await next;
      if (done === true) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

function countsOf(group: readonly Crawled[]): readonly Count[] {
  const { add, counts } = tally();
  for (const crawled of group) {
    add(STAGE, 'in');
    if ('drop' in crawled) add(STAGE, 'dropped', crawled.drop.reason);
    else if ('reject' in crawled) add(STAGE, 'rejected', crawled.reject.code);
    else add(STAGE, 'out');
  }
  return counts();
}

/** Of the text in UTF-8, hex; a lone surrogate counts as U+FFFD, as it is stored. */
function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
