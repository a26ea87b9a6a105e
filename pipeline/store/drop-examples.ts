/** Examples of what was dropped on purpose, a few for each reason. */
import type { Database } from 'better-sqlite3';
import type { Message } from '../contract.ts';
import { EXAMPLES, placeOf } from '../legs/drop-sample.ts';
import type { DropExample } from './messages.ts';

export interface DropTable {
  put(scan: number, message: Message): void;
  /** Of all scans, by stage and reason. */
  list(): readonly DropExample[];
}

export function dropTable(database: Database): DropTable {
  const insert = database.prepare(
    `INSERT OR REPLACE INTO drop_example (scan, stage, reason, place, key, id, url, text, source, origin)
     VALUES (@scan, @stage, @reason, @place, @key, @id, @url, @text, @source, @origin)`,
  );
  const trim = database.prepare(
    `DELETE FROM drop_example WHERE scan = @scan AND stage = @stage AND reason = @reason AND (place, key) NOT IN
     (SELECT place, key FROM drop_example WHERE scan = @scan AND stage = @stage AND reason = @reason ORDER BY place, key LIMIT ${EXAMPLES})`,
  );
  const list = database.prepare<[], DropExample>(
    'SELECT stage, reason, key, id, url, text, source, origin FROM drop_example ORDER BY stage, reason, scan, place, key',
  );

  return {
    put(scan, { value, headers: { stage = '', reason = '', key = '', id = '', url = '', source = '', origin = '' } }) {
      const row = { scan, stage, reason, key, id, url, source, origin, text: String(value ?? '') };
      insert.run({ ...row, place: placeOf(key) });
      trim.run({ scan, stage, reason });
    },

    list: () => list.all(),
  };
}
