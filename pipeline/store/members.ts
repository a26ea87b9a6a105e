/** The documents kept for a delta, as rows with the fields of schemas/score.avsc. */
import type { Database } from 'better-sqlite3';
import { PROVENANCE_FIELDS } from '../../schemas/provenance.ts';
import type { Score, Selection } from '../../schemas/types.ts';

/** A score, or an estimate of it. */
interface Kept extends Score {
  /** Of `ranking`, where that is an estimate from a replay record; null where it is exact. */
  readonly standardError: number | null;
}

/** `rank` counts from 1 in the delta's list of the best. */
export interface Ranked extends Kept {
  readonly rank: number;
}

export interface Member extends Kept {
  /** Residual gain at admission to the pool; 0 in the top. */
  readonly gain: number;
}

export type MemberList = Exclude<Selection['list'], 'state'>;

export interface MemberTable {
  /** @param standardError of the ranking, where it is an estimate */
  put(selection: Pick<Selection, 'list' | 'gain'>, score: Score, standardError?: number | null): void;
  evict(delta: string, list: string, key: string): void;
  /** Ranking descending, then key. */
  top(delta: string, k: number): readonly Ranked[];
  /** Up to `limit` of the top, those behind a ranking and key; `rank` is that of the one behind which the page begins. */
  page(delta: string, limit: number, after?: Pick<Ranked, 'ranking' | 'key' | 'rank'>): readonly Ranked[];
  /** The one of the top that has this key. */
  document(delta: string, key: string): Ranked | undefined;
  /** Those of the top whose id or key it is, of one delta or of all. */
  find(idOrKey: string, delta?: string): readonly Ranked[];
  /** Ids that several documents of the top have. */
  sharedIds(delta: string): ReadonlySet<string>;
  /** In order of their keys. Nothing may be written while it runs. */
  all(delta: string, list: MemberList): IterableIterator<Member>;
  size(delta: string, list: MemberList): number;
}

const COLUMNS = [
  'key',
  'id',
  'url',
  'delta',
  'measurement',
  'ranking',
  'alignment',
  'gradientNorm',
  'loss',
  'lossTunedHead',
  'tokens',
  'window',
  'windows',
  'meanAlignment',
  'text',
  'ids',
  'tokenAlignment',
  'sketch',
  ...PROVENANCE_FIELDS,
  'cosine',
  'lossTuned',
  'label',
  'standardError',
] as const satisfies readonly (keyof Kept)[];

type Row = Omit<Member, 'ids' | 'tokenAlignment' | 'sketch'> & {
  readonly ids: Buffer;
  readonly tokenAlignment: Buffer;
  readonly sketch: Buffer;
};

export function memberTable(database: Database): MemberTable {
  const columns = COLUMNS.join(', ');
  const put = database.prepare(
    `INSERT INTO member (list, gain, ${columns}) VALUES (@list, @gain, ${COLUMNS.map((name) => `@${name}`).join(', ')})
     ON CONFLICT (delta, list, key) DO UPDATE SET gain = excluded.gain, ${COLUMNS.map((name) => `${name} = excluded.${name}`).join(', ')}`,
  );
  const evict = database.prepare('DELETE FROM member WHERE delta = ? AND list = ? AND key = ?');
  const top = database.prepare<[string, number], Row>(
    `SELECT ${columns} FROM member WHERE delta = ? AND list = 'top' ORDER BY ranking DESC, key LIMIT ?`,
  );
  const behind = database.prepare<{ delta: string; ranking: number; key: string; limit: number }, Row>(
    `SELECT ${columns} FROM member WHERE delta = @delta AND list = 'top'
     AND ranking <= @ranking AND (ranking < @ranking OR key > @key) ORDER BY ranking DESC, key LIMIT @limit`,
  );
  const byKey = database.prepare<[string, string], Row>(
    `SELECT ${columns} FROM member WHERE delta = ? AND list = 'top' AND key = ?`,
  );
  const find = database.prepare<{ name: string; delta: string | null }, Row>(
    `SELECT ${columns} FROM member
     WHERE rowid IN (SELECT rowid FROM member WHERE id = @name UNION SELECT rowid FROM member WHERE key = @name)
     AND list = 'top' AND delta = coalesce(@delta, delta) ORDER BY delta, ranking DESC, key`,
  );
  const shared = database.prepare<[string], string>(
    `SELECT id FROM member WHERE delta = ? AND list = 'top' GROUP BY id HAVING count(*) > 1`,
  );
  const better = database.prepare<[string, number, number, string], number>(
    `SELECT count(*) FROM member WHERE delta = ? AND list = 'top' AND (ranking > ? OR (ranking = ? AND key < ?))`,
  );
  const all = database.prepare<[string, string], Row>(
    `SELECT gain, ${columns} FROM member WHERE delta = ? AND list = ? ORDER BY key`,
  );
  const size = database.prepare<[string, string], number>('SELECT count(*) FROM member WHERE delta = ? AND list = ?');
  shared.pluck();
  better.pluck();
  size.pluck();

  function ranked(row: Row) {
    return { ...decoded(row), rank: better.get(row.delta, row.ranking, row.ranking, row.key)! + 1 };
  }

  return {
    put({ list, gain }, score, standardError = null) {
      put.run({
        ...score,
        standardError,
        list,
        gain,
        ids: bytesOf(score.ids),
        tokenAlignment: bytesOf(score.tokenAlignment),
        sketch: bytesOf(score.sketch),
      });
    },

    evict: (delta, list, key) => void evict.run(delta, list, key),

    top: (delta, k) => top.all(delta, k).map((row, i) => ({ ...decoded(row), rank: i + 1 })),

    page(delta, limit, after) {
      const rows = after === undefined ? top.all(delta, limit) : behind.all({ ...after, delta, limit });
      return rows.map((row, i) => ({ ...decoded(row), rank: (after?.rank ?? 0) + i + 1 }));
    },

    document(delta, key) {
      const row = byKey.get(delta, key);
      return row === undefined ? undefined : ranked(row);
    },

    find: (name, delta) => find.all({ name, delta: delta ?? null }).map(ranked),

    sharedIds: (delta) => new Set(shared.all(delta)),

    *all(delta, list) {
      for (const row of all.iterate(delta, list)) yield decoded(row);
    },

    size: (delta, list) => size.get(delta, list)!,
  };
}

function decoded<R extends Pick<Row, 'ids' | 'tokenAlignment' | 'sketch'>>(row: R) {
  return {
    ...row,
    ids: new Int32Array(copied(row.ids)),
    tokenAlignment: new Float32Array(copied(row.tokenAlignment)),
    sketch: new Float32Array(copied(row.sketch)),
  };
}

/** A blob's bytes at an address that any array can be laid over. */
function copied(blob: Buffer): ArrayBuffer {
  return new Uint8Array(blob).buffer;
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
