/** What was taken and not yet let go, in an SQLite file: a commit has reached the disk. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { ConfigError } from '../../../pipeline/error.ts';

export interface Spool {
  /** Tells this spool from one that is made anew in its place. */
  readonly id: string;
  /** Documents and bytes that wait to be read. */
  waiting(): { readonly documents: number; readonly bytes: number };
  /**
   * What the request of the same key was answered.
   *
   * @throws Repeated where it had another body
   */
  earlier(once: Once): Kept | undefined;
  /** Keeps all of these or none, at positions without gaps, from 1 on; with the key that this is the answer to. */
  keep(records: readonly string[], once: Once | undefined): Kept;
  /** The first one behind a position. What is read counts as waiting no more. */
  next(after: number): Spooled | undefined;
  at(position: number): Spooled | undefined;
  /** What is read next follows this position. */
  readFrom(after: number): void;
  /** Resolves when something is kept after this call. */
  changed(): Promise<void>;
  close(): void;
}

export interface Once {
  readonly key: string;
  /** Digest of what was asked, hex. */
  readonly asked: string;
}

export interface Kept {
  readonly accepted: number;
  /** Position of the first and of the last one. */
  readonly first: number;
  readonly last: number;
}

export interface Spooled {
  readonly position: number;
  readonly record: string;
}

/** The key was used for another body. */
export class Repeated extends Error {
  override readonly name = 'Repeated';
}

/** What was read, and how many of the last ones are kept at least: whoever reads may not have committed them. */
const UNCOMMITTED = 4096;
/** Requests between two looks for what may be let go. */
const EVERY = 256;
const APPLICATION_ID = 0x64737075; // 'dspu'
const LOCK_MS = 250;

const TABLES = `
  CREATE TABLE about (id TEXT NOT NULL);
  INSERT INTO about VALUES (lower(hex(randomblob(8))));
  CREATE TABLE pushed (position INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, record TEXT NOT NULL);
  CREATE TABLE answered (key TEXT PRIMARY KEY, asked TEXT NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX answered_at ON answered (at);
`;

export interface SpoolOptions {
  /** ms that documents and keys are kept, once the documents are read */
  readonly keepMs: number;
  /** ms since 1970 */
  readonly now: () => number;
}

/** @throws ConfigError where the folder cannot be written, or holds another program's file */
export function openSpool(folder: string, { keepMs, now }: SpoolOptions): Spool {
  const database = connect(folder);
  const { id } = database.prepare('SELECT id FROM about').get() as { readonly id: string };
  const insert = database.prepare('INSERT INTO pushed (at, record) VALUES (?, ?)');
  const answer = database.prepare('INSERT INTO answered VALUES (?, ?, ?, ?)');
  const answered = database.prepare<[string], { readonly asked: string; readonly answer: string }>(
    'SELECT asked, answer FROM answered WHERE key = ?',
  );
  const following = database.prepare<[number], Spooled>(
    'SELECT position, record FROM pushed WHERE position > ? ORDER BY position LIMIT 1',
  );
  const one = database.prepare<[number], Spooled>('SELECT position, record FROM pushed WHERE position = ?');
  const forget = database.prepare('DELETE FROM pushed WHERE position <= ? AND at < ?');
  const forgetKeys = database.prepare('DELETE FROM answered WHERE at < ?');
  const waits = database.prepare<[number], { readonly documents: number; readonly bytes: number }>(
    'SELECT count(*) AS documents, coalesce(sum(length(CAST(record AS BLOB))), 0) AS bytes FROM pushed WHERE position > ?',
  );
  let read = 0;
  let waiting = waits.get(read)!;
  let requests = 0;
  let bell = Promise.withResolvers<void>();

  const keepAll = database.transaction((records: readonly string[], once: Once | undefined): Kept => {
    let last = 0;
    for (const record of records) last = Number(insert.run(now(), record).lastInsertRowid);
    const kept = { accepted: records.length, first: last - records.length + 1, last };
    if (once !== undefined) answer.run(once.key, once.asked, JSON.stringify(kept), now());
    return kept;
  });

  return {
    id,
    waiting: () => waiting,

    earlier({ key, asked }) {
      const before = answered.get(key);
      if (before === undefined) return undefined;
      if (before.asked !== asked) throw new Repeated('the key was used for another body');
      return JSON.parse(before.answer) as Kept;
    },

    keep(records, once) {
      if (requests++ % EVERY === 0) {
        forget.run(read - UNCOMMITTED, now() - keepMs);
        forgetKeys.run(now() - keepMs);
      }
      const kept = keepAll.immediate(records, once);
      const bytes = records.reduce((sum, record) => sum + Buffer.byteLength(record), 0);
      waiting = { documents: waiting.documents + records.length, bytes: waiting.bytes + bytes };
      bell.resolve();
      bell = Promise.withResolvers();
      return kept;
    },

    next(after) {
      const found = following.get(after);
      if (found === undefined) return undefined;
      read = found.position;
      waiting = { documents: waiting.documents - 1, bytes: waiting.bytes - Buffer.byteLength(found.record) };
      return found;
    },

    at: (position) => one.get(position),

    readFrom(after) {
      read = after;
      waiting = waits.get(after)!;
    },

    changed: () => bell.promise,
    close: () => database.close(),
  };
}

function connect(folder: string): Sqlite.Database {
  let database: Sqlite.Database | undefined;
  const file = join(folder, 'spool.sqlite');
  try {
    mkdirSync(folder, { recursive: true });
    database = new Sqlite(file, { timeout: LOCK_MS });
    const application = database.pragma('application_id', { simple: true });
    const isNew = (database.pragma('page_count', { simple: true }) as number) === 0;
    if (!isNew && application !== APPLICATION_ID) throw new ConfigError(`${file} is the file of another program`);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL'); // an answer promises that a power cut takes nothing back
    if (isNew) {
      database.transaction((made: Sqlite.Database) => {
        made.pragma(`application_id = ${APPLICATION_ID}`);
        made.exec(TABLES);
      })(database);
    }
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`the spool ${file} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}
