/** A crawl into the topic `documents`, with the cursor that goes on after them. */
import { createHash } from 'node:crypto';
import { documentCodec } from '../schemas/codec.ts';
import type { Crawled, CrawledDocument, Outgoing, Source, Transport } from './contract.ts';
import { type CursorMark, countMessage, cursorMessage, deadMessage } from './store-messages.ts';

export const DOCUMENTS = 'documents';
const STAGE = 'crawl';
const BATCH = 64;

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
  options: CrawlOptions,
  signal: AbortSignal,
): Promise<void> {
  let read = options.from?.read ?? 0;
  const left = () => (options.limit ?? Number.POSITIVE_INFINITY) - read;
  let group: Crawled[] = [];

  async function publish(): Promise<void> {
    const last = group.at(-1);
    if (last === undefined) return;
    const messages = group.flatMap((crawled, i) => messagesOf(crawled, read - group.length + i));
    group = [];
    await transport.publish([...messages, cursorMessage({ source: source.name, cursor: last.cursor, read })], signal);
  }

  function messagesOf(crawled: Crawled, place: number): readonly Outgoing[] {
    const counted = (outcome: 'out' | 'dropped' | 'rejected', code = '') => [
      countMessage({ stage: STAGE, outcome: 'in', code: '', n: 1 }),
      countMessage({ stage: STAGE, outcome, code, n: 1 }),
    ];
    if ('drop' in crawled) return counted('dropped', crawled.drop.reason);
    const origin = crawled.cursor;
    if ('reject' in crawled) {
      const { code, reason } = crawled.reject;
      const headers = { stage: STAGE, code, reason, source: source.name, origin };
      return [
        deadMessage({ key: `${source.name}/${place}`, bytes: Buffer.from(crawled.bytes), headers }),
        ...counted('rejected', code),
      ];
    }
    const key = keyOf(crawled.document) + (options.dedup ? '' : `@${place}`);
    const value = documentCodec.encode({ key, ...crawled.document, source: source.name, origin });
    return [{ topic: DOCUMENTS, key, value, headers: {} }, ...counted('out')];
  }

  if (left() > 0) {
    for await (const crawled of source.read(options.from?.cursor, signal)) {
      group.push(crawled);
      read++;
      if (group.length === BATCH || left() <= 0) await publish();
      if (left() <= 0) break;
    }
  }
  await publish();
}

/** sha-256 of the UTF-8 text, hex; a lone surrogate counts as U+FFFD, as it is stored. */
function keyOf({ text }: CrawledDocument): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
