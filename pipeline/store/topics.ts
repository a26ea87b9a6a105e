/**
 * The topics of a store for those who only look. What is waiting stands in the log; most of what was handled in tables, whose rows
 * are shown as the messages that made them.
 */
import type { Database } from 'better-sqlite3';
import { ConfigError } from '../error.ts';
import { ALERTS, COUNTS, CURSORS, DEAD, DROPS, HELD, REPLAY, SELECTION } from './messages.ts';

/** A row as a message. `value` is as the topic's schema has it where `decoded`, else bytes to decode. */
export interface TopicRow {
  /** Of rows that are numbered in the order they came: rows of the log by scan, of a table all by one. */
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Buffer | null;
  readonly decoded?: unknown;
}

export interface TopicRows {
  /** The newest `limit`, oldest first. */
  newest(limit: number): readonly TopicRow[];
  /** The last place of each partition as of now, to go on behind. */
  now(): Map<number, number>;
  /** Those behind the places given, some at a time; of a partition that is not given, from its beginning. */
  after(places: ReadonlyMap<number, number>): readonly TopicRow[];
}

interface Raw {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value?: Buffer | null;
  readonly headers?: string;
}

/** Rows read at a time. */
const MOST = 1000;

const LOG = ['documents', HELD] as const;

/** Numbered tables: `partition`, `offset`, `key`, and `value` with `headers`, or columns that are the value. */
const TABLES: Readonly<Record<string, string>> = {
  [ALERTS]: `SELECT 0 AS partition, number AS offset, id AS key, message AS value, '{}' AS headers FROM alert`,
  [DEAD]: `SELECT scan AS partition, id AS offset, key, bytes AS value,
           json_patch(headers, json_object('stage', stage, 'code', code, 'reason', reason, 'topic', topic)) AS headers FROM reject`,
  [REPLAY]: `SELECT 0 AS partition, id AS offset, key, value, '{}' AS headers FROM replay`,
  [SELECTION]: `SELECT 0 AS partition, rowid AS offset, delta || '/' || list || '/' || key AS key, gain, id, url, ranking, cosine, alignment,
                gradientNorm, loss, lossTunedHead, tokens, host, language, text FROM member`,
  [COUNTS]: `SELECT scan AS partition, 0 AS offset, stage || '/' || outcome || '/' || code AS key, n FROM count`,
  [CURSORS]: 'SELECT scan AS partition, 0 AS offset, source AS key, name AS unit, cursor, read, version FROM unit',
  [DROPS]: `SELECT scan AS partition, 0 AS offset, stage || '/' || reason || '/' || key AS key, id, url, source, origin, text
            FROM drop_example`,
};
/** Whose rows change in place: what is new of them is what differs. */
const KEYED: ReadonlySet<string> = new Set([COUNTS, CURSORS, DROPS]);

/** @throws ConfigError where a store has no such topic */
export function topicRows(database: Database, topic: string): TopicRows {
  if (LOG.some((name) => name === topic)) return logRows(database, topic);
  const sql = TABLES[topic];
  if (sql !== undefined) return KEYED.has(topic) ? keyedRows(database, sql) : numberedRows(database, sql);
  throw new ConfigError(
    `topic ${topic}: a store has ${[...LOG, ...Object.keys(TABLES)].join(', ')}; others are on a cluster alone: give --brokers`,
  );
}

function logRows(database: Database, topic: string): TopicRows {
  const newest = database.prepare<[string, number], Raw>(
    `SELECT scan AS partition, offset, key, value, headers FROM log WHERE topic = ? ORDER BY rowid DESC LIMIT ?`,
  );
  const scans = database.prepare<[string], { readonly scan: number; readonly offset: number }>(
    'SELECT scan, offset FROM head WHERE topic = ?',
  );
  const behind = database.prepare<[string, number, number, number], Raw>(
    `SELECT scan AS partition, offset, key, value, headers FROM log WHERE topic = ? AND scan = ? AND offset > ?
     ORDER BY offset LIMIT ?`,
  );
  return {
    newest: (limit) => newest.all(topic, limit).reverse().map(rowOf),
    now: () => new Map(scans.all(topic).map(({ scan, offset }) => [scan, offset - 1])),
    after: (places) =>
      scans
        .all(topic)
        .flatMap(({ scan }) => behind.all(topic, scan, places.get(scan) ?? -1, MOST))
        .map(rowOf),
  };
}

function numberedRows(database: Database, sql: string): TopicRows {
  const newest = database.prepare<[number], Raw>(`SELECT * FROM (${sql}) ORDER BY offset DESC LIMIT ?`);
  const behind = database.prepare<[number, number], Raw>(
    `SELECT * FROM (${sql}) WHERE offset > ? ORDER BY offset LIMIT ?`,
  );
  return {
    newest: (limit) => newest.all(limit).reverse().map(rowOf),
    now: () => new Map(newest.all(1).map(({ offset }) => [0, offset])),
    after: (places) => behind.all(Math.max(-1, ...places.values()), MOST).map(rowOf),
  };
}

function keyedRows(database: Database, sql: string): TopicRows {
  const all = database.prepare<[], Raw>(sql);
  const known = new Map<string, string>();

  function changed(): readonly TopicRow[] {
    return all.all().flatMap((raw) => {
      const row = rowOf(raw);
      const [name, text] = [`${row.partition} ${row.key}`, JSON.stringify(row.decoded)];
      if (known.get(name) === text) return [];
      known.set(name, text);
      return [row];
    });
  }

  return {
    newest: (limit) => all.all().slice(-limit).map(rowOf),
    now() {
      changed();
      return new Map();
    },
    after: changed,
  };
}

function rowOf({ partition, offset, key, value, headers, ...columns }: Raw): TopicRow {
  const common = { partition, offset, key };
  if (headers === undefined) return { ...common, headers: {}, value: null, decoded: columns };
  return { ...common, value: value ?? null, headers: withoutNulls(JSON.parse(headers)) };
}

function withoutNulls(headers: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, text]) => (text === null ? [] : [[name, text]])));
}
