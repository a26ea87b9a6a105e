/** Topics as rows: each message until every group that reads its topic has handled it. */
import type { Database } from 'better-sqlite3';
import type { Delivered, Outgoing } from '../contract.ts';

export interface Log {
  append(message: Outgoing): void;
  /** The offset that the topic's next message gets. */
  head(topic: string): number;
  /** Up to `limit` messages from an offset on, without gaps. */
  read(topic: string, from: number, limit: number): readonly Delivered[];
  /** The next offset that the group reads: of a new group, the oldest message kept. */
  join(topic: string, group: string): number;
  /** Moves the group behind what it has handled, and lets go of what nobody will read. */
  commit(topic: string, group: string, next: number): void;
  /** Forgets a group: what it has not read is kept for others alone. */
  leave(topic: string, group: string): void;
  /** How far a group is in a topic of elsewhere, and how far it could be. */
  report(topic: string, group: string, next: number, head: number): void;
  /** Topics that are read by a group, with the offset each is at. */
  places(): readonly Place[];
}

export interface Place {
  readonly topic: string;
  readonly group: string;
  readonly next: number;
}

interface Row {
  readonly offset: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: string;
}

/** Reads and writes are the caller's transaction. */
export function storeLog(database: Database, scan: number): Log {
  const insert = database.prepare(
    'INSERT INTO log (scan, topic, offset, key, value, headers) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const setHead = database.prepare(
    `INSERT INTO head (scan, topic, offset) VALUES (?, ?, ?)
     ON CONFLICT (scan, topic) DO UPDATE SET offset = excluded.offset`,
  );
  const getHead = database.prepare<[number, string], number>('SELECT offset FROM head WHERE scan = ? AND topic = ?');
  const select = database.prepare<[number, string, number, number], Row>(
    'SELECT offset, key, value, headers FROM log WHERE scan = ? AND topic = ? AND offset >= ? ORDER BY offset LIMIT ?',
  );
  const oldest = database.prepare<[number, string], number | null>(
    'SELECT min(offset) FROM log WHERE scan = ? AND topic = ?',
  );
  const setPlace = database.prepare(
    `INSERT INTO place (scan, topic, reader, offset) VALUES (?, ?, ?, ?)
     ON CONFLICT (scan, topic, reader) DO UPDATE SET offset = excluded.offset`,
  );
  const getPlace = database.prepare<[number, string, string], number>(
    'SELECT offset FROM place WHERE scan = ? AND topic = ? AND reader = ?',
  );
  const getPlaces = database.prepare<[number], Place>(
    'SELECT topic, reader AS "group", offset AS next FROM place WHERE scan = ?',
  );
  const trim = database.prepare(
    `DELETE FROM log WHERE scan = @scan AND topic = @topic
     AND offset < (SELECT coalesce(min(offset), 1e15) FROM place WHERE scan = @scan AND topic = @topic)`,
  );
  const dropPlace = database.prepare('DELETE FROM place WHERE scan = ? AND topic = ? AND reader = ?');
  for (const one of [getHead, oldest, getPlace]) one.pluck();

  function head(topic: string): number {
    return getHead.get(scan, topic) ?? 0;
  }

  return {
    head,

    append({ topic, key, value, headers }) {
      const offset = head(topic);
      insert.run(scan, topic, offset, key, value, JSON.stringify(headers));
      setHead.run(scan, topic, offset + 1);
    },

    read: (topic, from, limit) =>
      select.all(scan, topic, from, limit).map((row) => ({
        ...row,
        topic,
        partition: 0,
        headers: JSON.parse(row.headers) as Record<string, string>,
      })),

    join(topic, group) {
      const known = getPlace.get(scan, topic, group);
      if (known !== undefined) return known;
      const next = oldest.get(scan, topic) ?? head(topic);
      setPlace.run(scan, topic, group, next);
      return next;
    },

    commit(topic, group, next) {
      setPlace.run(scan, topic, group, next);
      trim.run({ scan, topic });
    },

    leave(topic, group) {
      dropPlace.run(scan, topic, group);
      trim.run({ scan, topic });
    },

    report(topic, group, next, end) {
      setPlace.run(scan, topic, group, next);
      setHead.run(scan, topic, end);
    },

    places: () => getPlaces.all(scan),
  };
}
