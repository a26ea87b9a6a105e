/** The dead letters: every rejected record with its bytes, until it is replayed. */
import type { Database } from 'better-sqlite3';
import type { Message, Outgoing } from '../contract.ts';

export interface RejectRecord {
  readonly id: number;
  /** Name of the scan. */
  readonly scan: string;
  readonly key: string;
  readonly stage: string;
  readonly code: string;
  readonly reason: string;
  /** The topic that `bytes` is a message of; null where it is a record of a source, as it came. */
  readonly topic: string | null;
  readonly source: string | null;
  /** The cursor of the source that resumes after it. */
  readonly origin: string | null;
  /** Of its bytes. */
  readonly size: number;
}

export interface RejectQuery {
  readonly code?: string;
  /** The id of the last one of the page before. */
  readonly after?: number;
  /** At most so many; all where it is left out. */
  readonly limit?: number;
}

export interface RejectTable {
  /** Inside of a commit: keeps it, and lets go of the oldest ones above `cap` bytes. */
  put(scan: number, message: Message, cap: number): void;
  /** In the order they were committed. */
  list(query: RejectQuery): readonly RejectRecord[];
  bytes(id: number): Buffer | undefined;
  /** Takes out the dead letter of a cluster that has this place there; false where it is not here. */
  forgetLetter(scan: number, letter: string): boolean;
  /** Takes it out, where it is a message. */
  take(id: number): TakenReject | undefined;
}

export interface TakenReject {
  /** As it was before it was rejected. */
  readonly message: Outgoing;
  /** The stages that had let it through. */
  readonly passed: readonly string[];
}

type Row = Omit<RejectRecord, 'scan' | 'size'> & { readonly headers: string; readonly bytes: Buffer };

export function rejectTable(database: Database): RejectTable {
  const insert = database.prepare(
    `INSERT INTO reject (scan, key, stage, code, reason, topic, source, origin, headers, bytes)
     VALUES (@scan, @key, @stage, @code, @reason, @topic, @source, @origin, @headers, @bytes)`,
  );
  const list = database.prepare<{ code: string | null; after: number; limit: number }, RejectRecord>(
    `SELECT reject.id, scan.name AS scan, key, stage, code, reason, topic, source, origin, length(bytes) AS size
     FROM reject JOIN scan ON scan.id = reject.scan
     WHERE reject.id > @after AND code = coalesce(@code, code) ORDER BY reject.id LIMIT @limit`,
  );
  const get = database.prepare<[number], Row>('SELECT * FROM reject WHERE id = ?');
  const remove = database.prepare('DELETE FROM reject WHERE id = ?');
  const size = database.prepare<[], number>('SELECT coalesce(sum(length(bytes)), 0) FROM reject').pluck();
  const dropOldest = database
    .prepare<[], number>('DELETE FROM reject WHERE id = (SELECT min(id) FROM reject) RETURNING length(bytes)')
    .pluck();
  /** Of all that are kept; undefined until it is first asked for. */
  let kept: number | undefined;
  const removeLetter = database.prepare("DELETE FROM reject WHERE scan = ? AND json_extract(headers, '$.letter') = ?");

  return {
    put(scan, { key, value, headers: { stage, code, reason, topic, ...headers } }, cap) {
      const { source, origin } = headers;
      insert.run({
        scan,
        key,
        stage: stage ?? '',
        code: code ?? '',
        reason: reason ?? '',
        topic: topic ?? null,
        source: source ?? null,
        origin: origin ?? null,
        headers: JSON.stringify(headers),
        bytes: value ?? Buffer.alloc(0),
      });
      const own = value?.length ?? 0;
      kept = (kept ?? size.get()! - own) + own;
      while (kept > cap && kept > own) kept -= dropOldest.get()!;
    },

    list: ({ code, after, limit }) => list.all({ code: code ?? null, after: after ?? 0, limit: limit ?? -1 }),

    bytes: (id) => get.get(id)?.bytes,

    forgetLetter(scan, letter) {
      kept = undefined;
      return removeLetter.run(scan, letter).changes > 0;
    },

    take(id) {
      const row = get.get(id);
      if (row === undefined || row.topic === null) return undefined;
      remove.run(id);
      kept = undefined;
      const { passed, ...headers } = JSON.parse(row.headers) as Record<string, string>;
      return {
        message: { topic: row.topic, key: row.key, value: row.bytes, headers },
        passed: passed?.split(',').filter((stage) => stage !== '') ?? [],
      };
    },
  };
}
