/** The store's schema, as the steps that lead to it. `PRAGMA user_version` says how many of them a file has taken. */
import type { Database } from 'better-sqlite3';

/** A step, once released, is never changed: a new one is added behind it. */
export const MIGRATIONS: readonly string[] = [
  `
  -- What was fixed at first use: the measurement's fields, a scan's settings. Values are JSON.
  CREATE TABLE setting (scope TEXT, name TEXT, value TEXT NOT NULL, PRIMARY KEY (scope, name)) WITHOUT ROWID;

  CREATE TABLE delta (
    id TEXT PRIMARY KEY, base TEXT NOT NULL, tuned TEXT NOT NULL, norm REAL NOT NULL, baseNorm REAL NOT NULL,
    measurement TEXT NOT NULL, keep INTEGER NOT NULL
  ) WITHOUT ROWID;

  -- A crawl put against a set of deltas: its progress, and the counters of its stages.
  CREATE TABLE scan (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE source (scan INTEGER, name TEXT, cursor TEXT NOT NULL, read INTEGER NOT NULL, PRIMARY KEY (scan, name)) WITHOUT ROWID;
  CREATE TABLE seen (scan INTEGER, key BLOB, PRIMARY KEY (scan, key)) WITHOUT ROWID;
  CREATE TABLE count (
    scan INTEGER, stage TEXT, outcome TEXT, code TEXT, n INTEGER NOT NULL, PRIMARY KEY (scan, stage, outcome, code)
  ) WITHOUT ROWID;
  CREATE TABLE file (scan INTEGER, name TEXT, bytes INTEGER NOT NULL, PRIMARY KEY (scan, name)) WITHOUT ROWID;
  CREATE TABLE reject (
    id INTEGER PRIMARY KEY AUTOINCREMENT, scan INTEGER NOT NULL, key TEXT NOT NULL, stage TEXT NOT NULL, code TEXT NOT NULL,
    reason TEXT NOT NULL, topic TEXT, source TEXT, origin TEXT, headers TEXT NOT NULL, bytes BLOB NOT NULL
  );
  CREATE INDEX reject_code ON reject (code);

  -- Messages published and not yet handled by every group; head: the next offset; place: the next offset a group reads.
  CREATE TABLE log (
    scan INTEGER NOT NULL, topic TEXT NOT NULL, offset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB, headers TEXT NOT NULL
  );
  CREATE UNIQUE INDEX log_offset ON log (scan, topic, offset);
  CREATE TABLE head (scan INTEGER, topic TEXT, offset INTEGER NOT NULL, PRIMARY KEY (scan, topic)) WITHOUT ROWID;
  CREATE TABLE place (scan INTEGER, topic TEXT, reader TEXT, offset INTEGER NOT NULL, PRIMARY KEY (scan, topic, reader)) WITHOUT ROWID;

  -- The documents kept, with the fields of schemas/score.avsc; list: top or pool.
  CREATE TABLE member (
    delta TEXT NOT NULL, list TEXT NOT NULL, key TEXT NOT NULL, gain REAL NOT NULL,
    id TEXT NOT NULL, url TEXT, measurement TEXT NOT NULL, score REAL NOT NULL, alignment REAL NOT NULL,
    gradientNorm REAL NOT NULL, loss REAL NOT NULL, lossTunedHead REAL NOT NULL, tokens INTEGER NOT NULL,
    window INTEGER NOT NULL, windows INTEGER NOT NULL, meanAlignment REAL NOT NULL, text TEXT NOT NULL,
    ids BLOB NOT NULL, tokenAlignment BLOB NOT NULL, sketch BLOB NOT NULL
  );
  CREATE UNIQUE INDEX member_place ON member (delta, list, key);
  CREATE INDEX member_score ON member (delta, list, score DESC, key);
  CREATE INDEX member_id ON member (id);
  CREATE INDEX member_key ON member (key);
  CREATE TABLE state (delta TEXT, name TEXT, value BLOB NOT NULL, PRIMARY KEY (delta, name)) WITHOUT ROWID;
  `,
  `
  -- Where a document comes from, and what its crawl says of it.
  ALTER TABLE member ADD COLUMN source TEXT NOT NULL DEFAULT '';
  ALTER TABLE member ADD COLUMN origin TEXT NOT NULL DEFAULT '';
  ALTER TABLE member ADD COLUMN canonicalUrl TEXT;
  ALTER TABLE member ADD COLUMN host TEXT;
  ALTER TABLE member ADD COLUMN fetchedAt TEXT;
  ALTER TABLE member ADD COLUMN title TEXT;
  ALTER TABLE member ADD COLUMN language TEXT;
  ALTER TABLE member ADD COLUMN extraction TEXT;
  `,
  `
  -- What a delta's documents are ranked by, and more of what is measured of them.
  ALTER TABLE delta ADD COLUMN rankBy TEXT NOT NULL DEFAULT 'cosine';
  ALTER TABLE member ADD COLUMN cosine REAL NOT NULL DEFAULT 0;
  ALTER TABLE member ADD COLUMN lossTuned REAL;
  ALTER TABLE member ADD COLUMN label TEXT;
  UPDATE member SET cosine = score;
  `,
  `
  -- What rules found, with the fields of schemas/alert.avsc as message; held: why it was not sent on its own.
  CREATE TABLE alert (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, rule TEXT NOT NULL, delta TEXT NOT NULL, key TEXT NOT NULL,
    at REAL NOT NULL, held TEXT NOT NULL, message BLOB NOT NULL
  );
  -- Running values of the rules, by name: distributions that thresholds come from, and what each rule told.
  CREATE TABLE rule (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  `,
  `
  -- Examples of what was dropped, for each reason; place: drawn evenly, the lowest are kept.
  CREATE TABLE drop_example (
    scan INTEGER, stage TEXT, reason TEXT, place INTEGER, key TEXT, id TEXT NOT NULL, url TEXT NOT NULL, text TEXT NOT NULL,
    source TEXT NOT NULL, origin TEXT NOT NULL, PRIMARY KEY (scan, stage, reason, place, key)
  ) WITHOUT ROWID;
  `,
  `
  -- How far each unit of a source was read; '' is a source that is read as a whole. A source's own row counts the records of all.
  CREATE TABLE unit (
    scan INTEGER, source TEXT, name TEXT, cursor TEXT NOT NULL, read INTEGER NOT NULL, version TEXT,
    PRIMARY KEY (scan, source, name)
  ) WITHOUT ROWID;
  INSERT INTO unit SELECT scan, name, '', cursor, read, NULL FROM source;
  ALTER TABLE source DROP COLUMN cursor;
  `,
  `
  -- Records to score documents against deltas that come later, and what those are written in.
  CREATE TABLE basis (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE replay (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, value BLOB NOT NULL);
  -- Of estimated scores; null where a score is exact.
  ALTER TABLE member ADD COLUMN standardError REAL;
  -- Whether scans go on scoring against it.
  ALTER TABLE delta ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
  -- The scan whose documents it is scored against.
  ALTER TABLE delta ADD COLUMN scan TEXT NOT NULL DEFAULT '';
  UPDATE delta SET scan = id;
  -- Counts changes of the table of deltas: a scan that runs looks at it between batches.
  CREATE TABLE version (of TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO version VALUES ('deltas', 0);
  CREATE TRIGGER delta_added AFTER INSERT ON delta BEGIN UPDATE version SET value = value + 1 WHERE of = 'deltas'; END;
  CREATE TRIGGER delta_removed AFTER DELETE ON delta BEGIN UPDATE version SET value = value + 1 WHERE of = 'deltas'; END;
  CREATE TRIGGER delta_paused AFTER UPDATE OF paused ON delta BEGIN UPDATE version SET value = value + 1 WHERE of = 'deltas'; END;
  `,
  `
  -- Documents let through, by what near duplicates of them are known by: minima, and the hash of each band of them.
  CREATE TABLE signature (scan INTEGER, key BLOB, minima BLOB NOT NULL, PRIMARY KEY (scan, key)) WITHOUT ROWID;
  CREATE TABLE band (scan INTEGER, hash INTEGER, key BLOB, PRIMARY KEY (scan, hash, key)) WITHOUT ROWID;
  `,
  `
  -- What ranks is called so; \`score\` is the cosine in all that is printed, and has a column of its own.
  ALTER TABLE member RENAME COLUMN score TO ranking;
  DROP INDEX member_score;
  CREATE INDEX member_ranking ON member (delta, list, ranking DESC, key);
  UPDATE rule SET name = substr(name, 1, length(name) - length('score')) || 'ranking' WHERE name LIKE 'calibration/%/score';
  `,
];

/** Takes the steps that are missing, each in a transaction of its own. */
export function migrate(database: Database, migrations: readonly string[] = MIGRATIONS): void {
  const from = versionOf(database);
  for (const [i, step] of migrations.entries()) {
    if (i < from) continue;
    database.transaction(() => {
      database.exec(step);
      database.pragma(`user_version = ${i + 1}`);
    })();
  }
}

export function versionOf(database: Database): number {
  return database.pragma('user_version', { simple: true }) as number;
}
