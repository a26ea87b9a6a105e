/** Records on their way into the topics, with the cursors behind them: what goes out in one transaction. */
import { createHash } from 'node:crypto';
import { documentCodec } from '../../schemas/codec.ts';
import { hostOf } from '../../schemas/provenance.ts';
import type { Count, Document } from '../../schemas/types.ts';
import type { Crawled, CrawledDocument, Outgoing } from '../contract.ts';
import { dropSample } from '../legs/drop-sample.ts';
import { tally } from '../legs/tally.ts';
import {
  COUNTS,
  CURSORS,
  type CursorMark,
  countMessage,
  cursorKey,
  cursorMessage,
  DEAD,
  DROPS,
  deadMessage,
  dropMessage,
} from '../store/messages.ts';
import { traceparentOf } from './traceparent.ts';

export const DOCUMENTS = 'documents';
/** The topics that a crawl publishes to. */
export const CRAWL_WRITES = [DOCUMENTS, COUNTS, DEAD, DROPS, CURSORS] as const;
const STAGE = 'crawl';
/** Characters of a title. */
const TITLE = 300;

export interface Group {
  /** Records and marks held: what is to be kept small. */
  readonly size: number;
  /** A record of the unit, which is number `place` of it. */
  add(unit: string, place: number, crawled: Crawled): void;
  /** How far the unit was read; the last one counts. */
  mark(mark: CursorMark): void;
  /** Its messages; the group is empty afterwards. */
  take(): readonly Outgoing[];
}

/** @param dedup whether documents of equal text have one key */
export function crawlGroup(source: string, dedup: boolean): Group {
  let records: Crawled[] = [];
  let messages: Outgoing[] = [];
  const marks = new Map<string, CursorMark>();
  const examples = dropSample();

  function messageOf(unit: string, place: number, crawled: Crawled): readonly Outgoing[] {
    const provenance = { source, origin: crawled.cursor };
    const name = `${cursorKey(source, unit)}#${place}`;
    const traced = { ...provenance, traceparent: traceparentOf(name) };
    if ('drop' in crawled) {
      const { reason } = crawled.drop;
      if (!examples.offer(STAGE, reason, name)) return [];
      return [dropMessage({ stage: STAGE, reason, key: name, id: '', url: '', text: '', ...provenance })];
    }
    if ('reject' in crawled) {
      const { code, reason } = crawled.reject;
      const headers = { ...traced, stage: STAGE, code, reason };
      return [deadMessage({ key: name, bytes: Buffer.from(crawled.bytes), headers })];
    }
    const hash = sha256(crawled.document.text);
    const key = dedup ? hash : `${hash}@${name}`;
    const value = documentCodec.encode({ key, ...described(crawled.document), ...provenance });
    return [{ topic: DOCUMENTS, key, value, headers: traced }];
  }

  return {
    get size() {
      return Math.max(records.length, marks.size);
    },

    add(unit, place, crawled) {
      records.push(crawled);
      messages.push(...messageOf(unit, place, crawled));
    },

    mark: (mark) => void marks.set(mark.unit, mark),

    take() {
      const taken = [...messages, ...countsOf(records).map(countMessage), ...[...marks.values()].map(cursorMessage)];
      records = [];
      messages = [];
      marks.clear();
      return taken;
    },
  };
}

function countsOf(records: readonly Crawled[]): readonly Count[] {
  const { add, counts } = tally();
  for (const crawled of records) {
    add(STAGE, 'in');
    if ('drop' in crawled) add(STAGE, 'dropped', crawled.drop.reason);
    else if ('reject' in crawled) add(STAGE, 'rejected', crawled.reject.code);
    else add(STAGE, 'out');
  }
  return counts();
}

/** With what the crawl does not say. */
function described(document: CrawledDocument): Omit<Document, 'key' | 'source' | 'origin'> {
  const { id, url, text, canonicalUrl = null, fetchedAt = null, language = null, extraction = null } = document;
  const title = document.title?.replace(/\s+/g, ' ').trim().slice(0, TITLE).toWellFormed() || null;
  return { id, url, text, canonicalUrl, host: hostOf(url), fetchedAt, title, language, extraction };
}

/** Of the text in UTF-8, hex; a lone surrogate counts as U+FFFD, as it is stored. */
function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
