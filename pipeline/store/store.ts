/** What a scan leaves behind, in one SQLite file that any SQLite tool can read: see migrations.ts. */
import type { Database } from 'better-sqlite3';
import type { Count, Delta } from '../../schemas/types.ts';
import { ConfigError } from '../error.ts';
import { tally } from '../legs/tally.ts';
import { type AlertTable, alertTable } from './alerts.ts';
import { dropTable } from './drop-examples.ts';
import { type Member, type MemberList, memberTable, type Ranked } from './members.ts';
import { countMessage, type DropExample, SEEN } from './messages.ts';
import { openBeside, openToRead, openToWrite } from './open.ts';
import { type RejectQuery, type RejectRecord, rejectTable } from './rejects.ts';
import { type Replayed, type ReplayTable, replayTable } from './replay.ts';
import { type Scan, storeScan } from './scan.ts';
import { forgetUnbegun, type Settings, settingsTable } from './settings.ts';

export interface Measurement {
  readonly id: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** What is said of a delta: see schemas/delta.avsc. */
export type DeltaRecord = Pick<
  Delta,
  'id' | 'base' | 'tuned' | 'norm' | 'baseNorm' | 'measurement' | 'keep' | 'rankBy'
>;

/** A delta as it stands in the store. */
export interface KeptDelta extends DeltaRecord {
  /** Name of the scan whose documents it is scored against; that of a delta scanned for itself is its id. */
  readonly scan: string;
  /** Scans leave it out for now. */
  readonly paused: boolean;
}

/** A running value of a delta. */
export interface ReplayedState {
  readonly delta: string;
  readonly name: string;
  readonly value: Buffer;
}

export interface Store {
  /** Lets go of what was fixed for scans that never read a record: who mistyped a setting or the source may mend it. */
  forgetUnbegun(): void;
  /** @throws ConfigError where another measurement was bound before: it names the field that differs, and both values */
  bind(measurement: Measurement): void;
  measurement(): Measurement | undefined;
  /** @throws ConfigError where the delta is there, and keeps another number of documents */
  addDelta(delta: DeltaRecord, scan?: string): void;
  deltas(): readonly KeptDelta[];
  /** @throws ConfigError where the delta is not there */
  pauseDelta(id: string, paused: boolean): void;
  /** And all that is kept of it. @throws ConfigError where the delta is not there */
  removeDelta(id: string): void;
  /** Goes up whenever a delta was added, paused or removed, by whatever process. */
  deltasVersion(): number;
  readonly records: ReplayTable;
  /** Into the list of the best, with a running value of the delta, in place of what was put before. */
  putReplayed(replayed: readonly Replayed[], state: ReplayedState): void;
  /**
   * The scan of this name, begun where there is none.
   *
   * @param settings what has to be the same whenever the scan goes on
   * @throws ConfigError where it was begun with other settings: it names the one that differs, and both values
   */
  scan(name: string, settings?: Settings): Scan;
  /**
   * The best of a delta: ranking descending, then key.
   *
   * @throws ConfigError where the delta is not there, or fewer than `k` are kept
   */
  top(delta: string, k: number): readonly Ranked[];
  /** Names of the scans there are. */
  scans(): readonly string[];
  /** The documents among the best that this is the id or the key of. */
  find(idOrKey: string, delta?: string): readonly Ranked[];
  /** Ids that several documents among the best of a delta have: only their keys tell them apart. */
  sharedIds(delta: string): ReadonlySet<string>;
  /** In order of their keys, one at a time: the pool's sketches need not fit in memory twice. */
  members(delta: string, list: MemberList): IterableIterator<Member>;
  /** A running value of the select stage. */
  state(delta: string, name: string): Buffer | undefined;
  /** Of all scans. */
  counts(): readonly Count[];
  rejects(query?: RejectQuery): readonly RejectRecord[];
  rejectBytes(id: number): Buffer | undefined;
  readonly alerts: Pick<AlertTable, 'list' | 'counts' | 'rules' | 'state'>;
  /** A few of what was dropped, for each reason. */
  drops(): readonly DropExample[];
  /**
   * Sends rejected messages back to the topics they came from, as if no stage had seen them: nor are they counted. Records that a
   * source rejected are no message and stay.
   */
  replay(query?: RejectQuery): { readonly sent: number; readonly left: number };
  close(): void;
}

export interface StoreOptions {
  /** To look at it only, also while another process writes. */
  readonly readonly?: boolean;
  /** To change it while a scan may write to it: deltas, and what was replayed. */
  readonly beside?: boolean;
}

const MEASUREMENT = 'measurement';

/** @throws ConfigError where `dir` holds no store that can be used: it says why, and what to do */
export function openStore(dir: string, { readonly = false, beside = false }: StoreOptions = {}): Store {
  const file = readonly ? openToRead(dir) : beside ? openBeside(dir) : openToWrite(dir);
  try {
    return storeOf(dir, file.database, file.close);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The store of an open database; `dir` names it in errors. */
export function storeOf(dir: string, database: Database, close: () => void): Store {
  const settings = settingsTable(database);
  const members = memberTable(database);
  const rejects = rejectTable(database);
  const alerts = alertTable(database);
  const drops = dropTable(database);
  const replay = replayTable(database);
  const scans = new Map<string, Scan>();

  const scanId = database.prepare<[string], number>('SELECT id FROM scan WHERE name = ?').pluck();
  const scanNames = database.prepare<[], string>('SELECT name FROM scan ORDER BY id').pluck();
  const addScan = database.prepare('INSERT INTO scan (name) VALUES (?)');
  const deltas = database.prepare<[], Omit<KeptDelta, 'paused'> & { readonly paused: number }>(
    'SELECT * FROM delta ORDER BY id',
  );
  const keptDeltas = (): readonly KeptDelta[] => deltas.all().map((one) => ({ ...one, paused: one.paused !== 0 }));
  const putDelta = database.prepare(
    `INSERT INTO delta (id, base, tuned, norm, baseNorm, measurement, keep, rankBy, scan)
     VALUES (@id, @base, @tuned, @norm, @baseNorm, @measurement, @keep, @rankBy, @scan)
     ON CONFLICT (id) DO UPDATE SET base = excluded.base, tuned = excluded.tuned`,
  );
  const pauseDelta = database.prepare('UPDATE delta SET paused = ? WHERE id = ?');
  const removeDelta = [
    'DELETE FROM delta WHERE id = ?',
    'DELETE FROM member WHERE delta = ?',
    'DELETE FROM state WHERE delta = ?',
  ].map((sql) => database.prepare(sql));
  const deltasVersion = database.prepare<[], number>("SELECT value FROM version WHERE of = 'deltas'").pluck();
  const state = database
    .prepare<[string, string], Buffer>('SELECT value FROM state WHERE delta = ? AND name = ?')
    .pluck();
  const putState = database.prepare(
    'INSERT INTO state (delta, name, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  );
  const counts = database.prepare<[], Count>(
    `SELECT stage, outcome, code, sum(n) AS n FROM count GROUP BY stage, outcome, code HAVING sum(n) <> 0
     ORDER BY stage, outcome, code`,
  );

  function scan(name: string, fixed?: Settings): Scan {
    if (fixed !== undefined) settings.fix(`scan ${name}`, `scan ${name} in ${dir}`, fixed);
    const known = scans.get(name);
    if (known !== undefined) return known;
    const id = scanId.get(name) ?? Number(addScan.run(name).lastInsertRowid);
    const made = storeScan(database, id, name, { members, rejects, alerts, drops, replay });
    scans.set(name, made);
    return made;
  }

  function knownDelta(id: string): KeptDelta {
    const all = keptDeltas();
    const found = all.find((delta) => delta.id === id);
    if (found !== undefined) return found;
    const others = all.length === 0 ? 'none yet' : all.map((delta) => delta.id).join(', ');
    throw new ConfigError(`the store in ${dir} has no delta ${id}: it holds ${others}`);
  }

  /** True where it could be sent again. */
  const replayOne = database.transaction(({ id, scan: name, key, stage, code }: RejectRecord): boolean => {
    const taken = rejects.take(id);
    if (taken === undefined) return false;
    const { add, pass, counts: uncounted } = tally();
    pass(taken.passed, -1);
    add(stage, 'in', '', -1);
    add(stage, 'rejected', code, -1);
    const { write } = scan(name);
    write({ topic: SEEN, key, value: null, headers: {} });
    for (const count of uncounted()) write(countMessage(count));
    write(taken.message);
    return true;
  });

  return {
    scan,

    forgetUnbegun: () => forgetUnbegun(database),

    bind({ id, fields }) {
      // of several that differ the first is named: left out, the stride follows from others
      const byCause = Object.entries(fields).sort(([a], [b]) => Number(a === 'stride') - Number(b === 'stride'));
      settings.fix(MEASUREMENT, `the store in ${dir}`, { ...Object.fromEntries(byCause), 'measurement id': id });
    },

    measurement() {
      const { 'measurement id': id, ...fields } = settings.read(MEASUREMENT);
      return id === undefined ? undefined : { id: String(id), fields: fields as Measurement['fields'] };
    },

    addDelta(delta, scan = delta.id) {
      const known = deltas.all().find(({ id }) => id === delta.id) ?? delta;
      if (known.keep !== delta.keep) {
        throw new ConfigError(
          `the store in ${dir} keeps the ${known.keep} best documents of delta ${delta.id}, but ${delta.keep} were asked for: ` +
            `ask for ${known.keep}, or name another store`,
        );
      }
      if (known.rankBy !== delta.rankBy) {
        throw new ConfigError(
          `the store in ${dir} ranks delta ${delta.id} by ${known.rankBy}, but ${delta.rankBy} was asked for: ` +
            `ask for ${known.rankBy}, or name another store`,
        );
      }
      putDelta.run({ ...delta, scan });
    },

    deltas: keptDeltas,

    pauseDelta(id, paused) {
      pauseDelta.run(Number(paused), knownDelta(id).id);
    },

    removeDelta(id) {
      const { id: known } = knownDelta(id);
      database.transaction(() => removeDelta.forEach((statement) => void statement.run(known)))();
    },

    deltasVersion: () => deltasVersion.get()!,
    records: replay,

    putReplayed(replayed, { delta, name, value }) {
      database
        .transaction(() => {
          for (const { score, standardError } of replayed) {
            members.put({ list: 'top', gain: 0 }, score, standardError);
          }
          putState.run(delta, name, value);
        })
        .immediate();
    },

    top(delta, k) {
      const { keep } = knownDelta(delta);
      if (k > keep) {
        throw new ConfigError(
          `the store in ${dir} keeps the ${keep} best documents, but ${k} were asked for: a scan into another store with --keep ${k} would keep them`,
        );
      }
      return members.top(delta, k);
    },

    scans: () => scanNames.all(),
    find: members.find,
    sharedIds: members.sharedIds,
    members: members.all,
    state: (delta, name) => state.get(delta, name),
    counts: () => counts.all(),
    rejects: (query = {}) => rejects.list(query),
    rejectBytes: rejects.bytes,
    alerts,
    drops: drops.list,

    replay(query = {}) {
      const asked = rejects.list(query);
      const sent = asked.filter((reject) => replayOne(reject)).length;
      return { sent, left: asked.length - sent };
    },

    close,
  };
}
