/** Replay records: what is kept of each document to score it against deltas that come later. */
import type { Database } from 'better-sqlite3';
import { basisCodec, replayCodec } from '../../schemas/codec.ts';
import type { Basis, Replay, Score } from '../../schemas/types.ts';

/** A score, or an estimate of one. */
export interface Replayed {
  readonly score: Score;
  /** Of `score`, where it is an estimate; null where it is exact. */
  readonly standardError: number | null;
}

export interface ReplaySize {
  readonly records: number;
  /** Of all records together. */
  readonly bytes: number;
}

export interface ReplayTable {
  /** What the records are written in; undefined where none were asked for yet. */
  basis(): Basis | undefined;
  keepBasis(basis: Basis): void;
  /** Inside of a commit: keeps a record, and lets go of the oldest ones above `cap` bytes. */
  put(key: string, record: Buffer, cap: number): void;
  size(): ReplaySize;
  /** In the order they were kept, read some at a time: others may write meanwhile. */
  all(): IterableIterator<Replay>;
}

const PAGE = 256;

interface Row {
  readonly id: number;
  readonly value: Buffer;
}

export function replayTable(database: Database): ReplayTable {
  const basis = database.prepare<[], Buffer>('SELECT value FROM basis').pluck();
  const putBasis = database.prepare('INSERT OR IGNORE INTO basis (id, value) VALUES (?, ?)');
  const put = database.prepare('INSERT INTO replay (key, value) VALUES (?, ?)');
  const size = database.prepare<[], ReplaySize>(
    'SELECT count(*) AS records, coalesce(sum(length(value)), 0) AS bytes FROM replay',
  );
  const dropOldest = database
    .prepare<[], number>('DELETE FROM replay WHERE id = (SELECT min(id) FROM replay) RETURNING length(value)')
    .pluck();
  const page = database.prepare<[number, number], Row>('SELECT id, value FROM replay WHERE id > ? ORDER BY id LIMIT ?');
  let bytes: number | undefined;

  return {
    basis() {
      const value = basis.get();
      return value === undefined ? undefined : basisCodec.decode(value);
    },

    keepBasis: (made) => void putBasis.run(made.id, basisCodec.encode(made)),

    put(key, record, cap) {
      put.run(key, record);
      bytes = (bytes ?? size.get()!.bytes - record.length) + record.length;
      while (bytes > cap) {
        const freed = dropOldest.get();
        if (freed === undefined) break;
        bytes -= freed;
      }
    },

    size: () => size.get()!,

    *all() {
      for (let last = 0; ; ) {
        const rows = page.all(last, PAGE);
        for (const { value } of rows) yield replayCodec.decode(value);
        if (rows.length < PAGE) return;
        last = rows.at(-1)!.id;
      }
    },
  };
}
