/** A crawl kept in a table of an SQLite file: `./sqlite.ts:FILE`. */
import { resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { z } from 'zod';
import { type Crawled, Drop, type Plugin, Reject, type Source } from '../../pipeline/contract.ts';
import { ConfigError } from '../../pipeline/error.ts';

const column = (standard: string) => z.string().min(1).default(standard);

const config = z.strictObject({
  path: z.string().min(1).describe('the SQLite file'),
  table: z.string().min(1).default('documents').describe('the table, one row a document'),
  id: column('id').describe('column of the id'),
  url: column('url').describe('column of the address'),
  text: column('text').describe('column of the text'),
});
type Config = z.infer<typeof config>;

const plugin: Plugin<Config, Source> = {
  name: 'sqlite',
  summary: 'rows of a table of an SQLite file, in the order of their rowid',
  config,
  short: (path) => ({ path }),

  create: (settings) => ({
    name: `sqlite:${resolve(settings.path)}#${settings.table}`,

    async *read(cursor, signal) {
      const after = cursor === undefined ? -(2n ** 63n) : rowidIn(cursor);
      signal.throwIfAborted();
      const database = open(settings.path);
      try {
        for (const row of rowsAfter(database, settings, after)) {
          signal.throwIfAborted();
          yield crawled(row);
        }
      } finally {
        database.close();
      }
    },
  }),
};
export default plugin;

function rowidIn(cursor: string): bigint {
  const [, rowid] = /^rowid (-?\d+)$/.exec(cursor) ?? [];
  if (rowid === undefined)
    throw new ConfigError(`a cursor of sqlite is "rowid N", but the one to resume after is "${cursor}"`);
  return BigInt(rowid);
}

function open(path: string): Sqlite.Database {
  try {
    return new Sqlite(path, { readonly: true, fileMustExist: true });
  } catch (cause) {
    throw new ConfigError(`${path} cannot be opened as an SQLite file: ${(cause as Error).message}`, { cause });
  }
}

/** Integers come as bigint: ids keep all of their digits. */
interface Row {
  readonly rowid: bigint;
  readonly id: unknown;
  readonly url: unknown;
  readonly text: unknown;
}

/** One row at a time is in memory. */
function rowsAfter(database: Sqlite.Database, { path, table, id, url, text }: Config, after: bigint): Iterable<Row> {
  const name = (part: string) => `"${part.replaceAll('"', '""')}"`;
  const columns = `rowid, ${name(id)} AS id, ${name(url)} AS url, ${name(text)} AS text`;
  try {
    return database
      .prepare<[bigint], Row>(`SELECT ${columns} FROM ${name(table)} WHERE rowid > ? ORDER BY rowid`)
      .safeIntegers()
      .iterate(after);
  } catch (cause) {
    throw new ConfigError(`${path} does not hold what is asked for: ${(cause as Error).message}`, { cause });
  }
}

function crawled({ rowid, id, url, text }: Row): Crawled {
  const cursor = `rowid ${rowid}`;
  if (text === '' || text === null) return { cursor, drop: new Drop('empty') };
  if (typeof text !== 'string') {
    const reject = new Reject('malformed-record', `row ${rowid} holds no text but a ${kindOf(text)}`);
    return { cursor, reject, bytes: Buffer.isBuffer(text) ? text : Buffer.from(String(text)) };
  }
  return {
    cursor,
    document: {
      id: id === null || id === '' ? `row ${rowid}` : String(id),
      url: typeof url === 'string' && url !== '' ? url : null,
      text: text.toWellFormed(),
    },
  };
}

function kindOf(value: unknown): string {
  return Buffer.isBuffer(value) ? 'blob' : 'number';
}
