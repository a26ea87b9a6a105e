/** A store as those see it who only look: page by page, and whether anything changed since they last did. */
import type { Database } from 'better-sqlite3';
import type { Score } from '../../schemas/types.ts';
import { type MemberList, memberTable, type Ranked } from './members.ts';
import { openToRead } from './open.ts';
import { type Store, storeOf } from './store.ts';
import { type TopicRows, topicRows } from './topics.ts';

/** Where a page of the best documents ended. */
export interface Place {
  readonly ranking: number;
  readonly key: string;
  readonly rank: number;
}

/** Messages of a topic that a group has still to read. */
export interface Waiting {
  readonly topic: string;
  readonly group: string;
  readonly messages: number;
}

export interface StoreView {
  readonly store: Store;
  /** Another number whenever something was committed since the last one. */
  version(): number;
  /** Grows with every document that comes into a list. */
  revision(): number;
  /** Up to `limit` documents of the best, those behind `after`. */
  page(delta: string, limit: number, after?: Place): readonly Ranked[];
  /** One of the best by its key, with its rank. */
  document(delta: string, key: string): Ranked | undefined;
  /** Documents of one list, of a delta. */
  size(delta: string, list: MemberList): number;
  /** Address and ranking of all the best. */
  addresses(delta: string): IterableIterator<Pick<Score, 'url' | 'ranking'>>;
  waiting(): readonly Waiting[];
  /** @throws ConfigError where a store has no such topic */
  topic(name: string): TopicRows;
  /** Records read of all sources. */
  read(): number;
  /** Size of the file, in bytes. */
  bytes(): number;
  close(): void;
}

/** @throws ConfigError where `dir` holds no store that can be read */
export function openView(dir: string): StoreView {
  const { database, close } = openToRead(dir);
  try {
    return viewOf(dir, database, close);
  } catch (error) {
    close();
    throw error;
  }
}

function viewOf(dir: string, database: Database, close: () => void): StoreView {
  const members = memberTable(database);
  const revision = database.prepare<[], number | null>('SELECT max(rowid) FROM member').pluck();
  const addresses = database.prepare<[string], Pick<Score, 'url' | 'ranking'>>(
    "SELECT url, ranking FROM member WHERE delta = ? AND list = 'top'",
  );
  const waiting = database.prepare<[], Waiting>(
    `SELECT place.topic, reader AS "group", sum(max(0, head.offset - place.offset)) AS messages
     FROM place JOIN head ON head.scan = place.scan AND head.topic = place.topic
     GROUP BY place.topic, reader ORDER BY place.topic, reader`,
  );
  const read = database.prepare<[], number>('SELECT coalesce(sum(read), 0) FROM source').pluck();

  return {
    store: storeOf(dir, database, close),
    version: () => database.pragma('data_version', { simple: true }) as number,
    revision: () => revision.get() ?? 0,
    page: members.page,
    document: members.document,
    size: members.size,
    addresses: (delta) => addresses.iterate(delta),
    waiting: () => waiting.all(),
    topic: (name) => topicRows(database, name),
    read: () => read.get()!,
    bytes: () =>
      (database.pragma('page_count', { simple: true }) as number) *
      (database.pragma('page_size', { simple: true }) as number),
    close,
  };
}

/** Messages that the slowest reader of a store's log has still to handle. */
export function mostWaiting(view: Pick<StoreView, 'waiting'>): number {
  return view.waiting().reduce((most, { messages }) => Math.max(most, messages), 0);
}
