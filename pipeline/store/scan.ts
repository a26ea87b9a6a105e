/** One scan in a store: how far each source is, what was seen and counted, and the messages on their way. */
import type { Database } from 'better-sqlite3';
import { countCodec, scoreCodec, selectionCodec } from '../../schemas/codec.ts';
import type { Count } from '../../schemas/types.ts';
import type { Outgoing } from '../contract.ts';
import type { AlertTable } from './alerts.ts';
import type { DropTable } from './drop-examples.ts';
import { type Log, storeLog } from './log.ts';
import type { MemberTable } from './members.ts';
import {
  ALERTS,
  COUNTS,
  CURSORS,
  type CursorMark,
  cursorMark,
  DEAD,
  DROPS,
  HELD,
  REPLAY,
  RULES,
  SEEN,
  SELECTION,
  SIGNATURES,
} from './messages.ts';
import type { RejectTable } from './rejects.ts';
import type { ReplayTable } from './replay.ts';
import { type SignatureTable, signatureTable, stored } from './signatures.ts';

export interface Scan {
  readonly name: string;
  /** How far a unit of a source was read; undefined where it never was. */
  mark(source: string, unit: string): CursorMark | undefined;
  /** Records of a source that were read. */
  read(source: string): number;
  sources(): readonly { readonly source: string; readonly read: number }[];
  /** Whether the document of this key was handled before. */
  seen(key: string): boolean;
  /** What near duplicates of documents let through are known by. */
  readonly signatures: Pick<SignatureTable, 'candidates'>;
  counts(): readonly Count[];
  /** Bytes of a file beside the store that are committed with it; undefined of a file it does not know. */
  fileLength(name: string): number | undefined;
  readonly log: Log;
  /** Everything that `change` writes, or nothing. Not to be nested. */
  commit(change: () => void): void;
  /** Bytes of rejected records that are kept from now on: above that the oldest ones go. All are where it is not called. */
  keepRejects(cap: number): void;
  /** From now on replay records are kept, in so many bytes: above that the oldest ones go. */
  keepReplay(cap: number): void;
  /** Inside of `commit`: a message of one of the store's own topics changes it, any other goes to the log. */
  write(message: Outgoing): void;
  /** Inside of `commit`: takes out a dead letter that a cluster has at this place; false where it is not here. */
  forgetLetter(place: string): boolean;
  /** Inside of `commit`. */
  setFileLength(name: string, bytes: number): void;
}

export interface ScanTables {
  readonly members: MemberTable;
  readonly rejects: RejectTable;
  readonly alerts: AlertTable;
  readonly drops: DropTable;
  readonly replay: ReplayTable;
}

export function storeScan(
  database: Database,
  id: number,
  name: string,
  { members, rejects, alerts, drops, replay }: ScanTables,
): Scan {
  const log = storeLog(database, id);
  const signatures = signatureTable(database, id);

  const sources = database.prepare<[number], { source: string; read: number }>(
    'SELECT name AS source, read FROM source WHERE scan = ? ORDER BY name',
  );
  const read = database
    .prepare<[number, string], number>('SELECT read FROM source WHERE scan = ? AND name = ?')
    .pluck();
  const addRead = database.prepare(
    `INSERT INTO source (scan, name, read) VALUES (?, ?, ?)
     ON CONFLICT (scan, name) DO UPDATE SET read = read + excluded.read`,
  );
  const mark = database.prepare<[number, string, string], CursorMark>(
    'SELECT source, name AS unit, cursor, read, version FROM unit WHERE scan = ? AND source = ? AND name = ?',
  );
  const setMark = database.prepare('INSERT OR REPLACE INTO unit VALUES (?, ?, ?, ?, ?, ?)');
  const seen = database.prepare('SELECT 1 FROM seen WHERE scan = ? AND key = ?');
  const see = database.prepare('INSERT OR IGNORE INTO seen (scan, key) VALUES (?, ?)');
  const forget = database.prepare('DELETE FROM seen WHERE scan = ? AND key = ?');
  const counts = database.prepare<[number], Count>(
    'SELECT stage, outcome, code, n FROM count WHERE scan = ? AND n <> 0 ORDER BY stage, outcome, code',
  );
  const add = database.prepare(
    `INSERT INTO count (scan, stage, outcome, code, n) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (scan, stage, outcome, code) DO UPDATE SET n = n + excluded.n`,
  );
  const setState = database.prepare(
    `INSERT INTO state (delta, name, value) VALUES (?, ?, ?)
     ON CONFLICT (delta, name) DO UPDATE SET value = excluded.value`,
  );
  const dropState = database.prepare('DELETE FROM state WHERE delta = ? AND name = ?');
  const file = database.prepare<[number, string], number>('SELECT bytes FROM file WHERE scan = ? AND name = ?').pluck();
  const setFile = database.prepare(
    `INSERT INTO file (scan, name, bytes) VALUES (?, ?, ?)
     ON CONFLICT (scan, name) DO UPDATE SET bytes = excluded.bytes`,
  );

  function select({ key: place, value }: Outgoing): void {
    if (value === null) {
      const [delta = '', list = '', ...key] = place.split('/');
      if (list === 'state') dropState.run(delta, key.join('/'));
      else members.evict(delta, list, key.join('/'));
      return;
    }
    const selection = selectionCodec.decode(value);
    if (selection.list === 'state') setState.run(selection.delta, selection.key, selection.value);
    else members.put(selection, scoreCodec.decode(selection.value));
  }

  function move(message: Outgoing): void {
    const { source, unit, cursor, read: records, version } = cursorMark(message);
    addRead.run(id, source, records - (mark.get(id, source, unit)?.read ?? 0));
    setMark.run(id, source, unit, cursor, records, version);
  }

  const apply: Readonly<Record<string, (message: Outgoing) => void>> = {
    [COUNTS]({ value }) {
      if (value === null) return;
      const { stage, outcome, code, n } = countCodec.decode(value);
      add.run(id, stage, outcome, code, n);
    },
    [CURSORS]: move,
    [SEEN]: ({ key, value }) => void (value === null ? forget : see).run(id, stored(key)),
    [SIGNATURES]: ({ key, value }) => value !== null && signatures.put(key, value),
    [DEAD]: (message) => rejects.put(id, message, rejectCap),
    [DROPS]: (message) => drops.put(id, message),
    [SELECTION]: select,
    [ALERTS](message) {
      if (message.value !== null && alerts.put(message.value)) appendWhereRead(message);
    },
    [HELD]: appendWhereRead,
    [RULES]: ({ key, value }) => alerts.setState(key, value),
    [REPLAY]({ key, value }) {
      if (value !== null) replay.put(key, value, replayCap);
    },
  };
  let replayCap = 0;
  let rejectCap = Number.POSITIVE_INFINITY;

  /** What is kept elsewhere, or wanted by nobody, need not wait for a reader that may never come. */
  function appendWhereRead(message: Outgoing): void {
    if (log.places().some(({ topic }) => topic === message.topic)) log.append(message);
  }

  return {
    name,
    log,
    mark: (source, unit) => mark.get(id, source, unit),
    read: (source) => read.get(id, source) ?? 0,
    sources: () => sources.all(id),
    seen: (key) => seen.get(id, stored(key)) !== undefined,
    signatures,
    counts: () => counts.all(id),
    fileLength: (of) => file.get(id, of),
    keepRejects(cap) {
      rejectCap = cap;
    },
    keepReplay(cap) {
      replayCap = cap;
    },
    commit: database.transaction((change: () => void) => change()).immediate, // others may write beside a scan: see beside.ts
    write: (message) => (apply[message.topic] ?? log.append)(message),
    forgetLetter: (place) => rejects.forgetLetter(id, place),
    setFileLength: (of, bytes) => void setFile.run(id, of, bytes),
  };
}
