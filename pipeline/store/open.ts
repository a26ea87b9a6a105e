/** Opens the SQLite file of a store, or says why it is none that can be used. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { ConfigError } from '../error.ts';
import { MIGRATIONS, migrate, versionOf } from './migrations.ts';

export interface StoreFile {
  readonly database: Database;
  close(): void;
}

/** 'dsft': tells a store from any other SQLite file. */
const APPLICATION_ID = 0x64736674;

const FILE = 'store.sqlite';
const LOCK = 'store.lock';

/** How long to wait for another process to let go of a lock: one that was killed does so at once. */
const LOCK_MS = 250;

/** Memory for pages of the file, in KiB. */
const CACHE_KIB = 32_768;

/** Pages of 4 KiB written before they are moved from the write-ahead log into the file, and both are synced. */
const CHECKPOINT_PAGES = 4096;

/**
 * The store in `dir`, made where there is none. One process at a time writes.
 *
 * @throws ConfigError where it is no store, one of a newer version, or another process writes to it
 */
export function openToWrite(dir: string): StoreFile {
  const file = join(dir, FILE);
  const lock = takeLock(dir);
  try {
    const database = connect(dir, file, {});
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL'); // a commit outlives the process; a power cut may undo the last ones, whole
    database.pragma(`cache_size = -${CACHE_KIB}`);
    database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    if (versionOf(database) === 0) database.pragma(`application_id = ${APPLICATION_ID}`);
    migrate(database);
    return {
      database,
      close() {
        database.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * The store in `dir` to write to, also beside a scan that writes: in short transactions, and nothing that a scan keeps in memory.
 *
 * @throws ConfigError where there is none, or it is of a newer version
 */
export function openBeside(dir: string): StoreFile {
  openToRead(dir).close(); // there, and up to date
  const database = connect(dir, join(dir, FILE), { fileMustExist: true });
  database.pragma('synchronous = NORMAL');
  return { database, close: () => database.close() };
}

/**
 * The store in `dir` as it was last committed, also while another process writes to it.
 *
 * @throws ConfigError where there is none, or it is of a newer version
 */
export function openToRead(dir: string): StoreFile {
  const file = join(dir, FILE);
  if (!existsSync(file)) {
    throw new ConfigError(
      `there is no store in ${dir}: expected ${FILE} there; \`deltasift scan --store ${dir}\` makes one`,
    );
  }
  const database = connect(dir, file, { readonly: true, fileMustExist: true });
  if (versionOf(database) === MIGRATIONS.length) return { database, close: () => database.close() };
  database.close();
  openToWrite(dir).close(); // brings it up to date
  return openToRead(dir);
}

function connect(dir: string, file: string, options: Sqlite.Options): Database {
  let database: Database | undefined;
  try {
    database = new Sqlite(file, options);
    checkStore(dir, database);
    return database;
  } catch (error) {
    database?.close();
    if (codeOf(error) === 'SQLITE_NOTADB') throw new ConfigError(`${file} is not a store: name another folder`);
    if (codeOf(error) === 'SQLITE_CANTOPEN')
      throw new ConfigError(`${file} cannot be opened: may this user read and write there?`);
    throw error;
  }
}

function checkStore(dir: string, database: Database): void {
  const version = versionOf(database);
  const application = database.pragma('application_id', { simple: true });
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
  if (application !== APPLICATION_ID && (version !== 0 || tables > 0)) {
    throw new ConfigError(`${join(dir, FILE)} is the database of another program: name another folder`);
  }
  if (version > MIGRATIONS.length) {
    throw new ConfigError(
      `the store in ${dir} has schema version ${version}, and this deltasift knows them up to ${MIGRATIONS.length}: ` +
        'use the version that wrote it, or a newer one',
    );
  }
}

/** A lock that the system takes back when the process ends, however it ends. Readers do not look at it. */
function takeLock(dir: string): Database {
  let lock: Database | undefined;
  try {
    mkdirSync(dir, { recursive: true });
    lock = new Sqlite(join(dir, LOCK), { timeout: LOCK_MS });
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    if (codeOf(error) === 'SQLITE_BUSY') {
      throw new ConfigError(
        `another process is writing to the store in ${dir}: wait for it or stop it, or name another folder (reading goes on meanwhile)`,
      );
    }
    throw new ConfigError(
      `the store's folder ${dir} cannot be written: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Sqlite.SqliteError ? error.code : undefined;
}
