/** The alerts there were, and the running values of the rules. */
import type { Database } from 'better-sqlite3';
import { alertCodec } from '../../schemas/codec.ts';
import type { Alert } from '../../schemas/types.ts';

/** `number` counts up in the order they were committed. */
export interface AlertRecord extends Alert {
  readonly number: number;
}

export interface AlertQuery {
  /** Only those of this rule, of this delta; only those sent on their own, or only those that were held. */
  readonly rule?: string | undefined;
  readonly delta?: string | undefined;
  readonly held?: boolean | undefined;
  /** Only those before, or behind, one of this number. */
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  /** Seconds since 1970. */
  readonly since?: number | undefined;
  /** At most so many; all where it is left out. */
  readonly limit?: number | undefined;
}

/** Alerts of a rule by why they were held; empty where they were sent. */
export interface AlertCount {
  readonly rule: string;
  readonly held: string;
  readonly n: number;
}

/** What a rule asks of a delta's documents, as of the last batch. */
export interface RuleStatus {
  readonly rule: string;
  readonly delta: string;
  readonly measure: string;
  readonly armed: boolean;
  /** Documents that its distribution is made of. */
  readonly seen: number;
  /** Documents before it arms; null once it has. */
  readonly needed: number | null;
  readonly threshold: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly rate: number | null;
  readonly extrapolated: boolean;
}

export interface AlertTable {
  /** False where an alert of this id is there already. */
  put(message: Buffer): boolean;
  /** The newest first. */
  list(query?: AlertQuery): readonly AlertRecord[];
  counts(): readonly AlertCount[];
  rules(): readonly RuleStatus[];
  setState(name: string, value: Buffer | null): void;
  state(name: string): Buffer | undefined;
}

/** Alerts kept: above that the oldest go, and one of theirs that came again would be told of again. */
const MOST_ALERTS = 100_000;

interface Row {
  readonly number: number;
  readonly message: Buffer;
}

export function alertTable(database: Database, most = MOST_ALERTS): AlertTable {
  const insert = database.prepare(
    `INSERT INTO alert (id, rule, delta, key, at, held, message) VALUES (@id, @rule, @delta, @key, @at, @held, @message)
     ON CONFLICT (id) DO NOTHING`,
  );
  const size = database.prepare<[], number>('SELECT count(*) FROM alert').pluck();
  const dropOldest = database.prepare('DELETE FROM alert WHERE number = (SELECT min(number) FROM alert)');
  /** How many there are; undefined until it is first asked for. */
  let kept: number | undefined;
  const list = database.prepare<Record<string, unknown>, Row>(
    `SELECT number, message FROM alert
     WHERE number < coalesce(@before, number + 1) AND number > coalesce(@after, number - 1)
     AND rule = coalesce(@rule, rule) AND delta = coalesce(@delta, delta) AND at >= coalesce(@since, at)
     AND (@held IS NULL OR (held <> '') = @held) ORDER BY number DESC LIMIT @limit`,
  );
  const counts = database.prepare<[], AlertCount>(
    'SELECT rule, held, count(*) AS n FROM alert GROUP BY rule, held ORDER BY rule, held',
  );
  const setState = database.prepare(
    'INSERT INTO rule (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  );
  const rules = database.prepare<[], Buffer>("SELECT value FROM rule WHERE name GLOB 'status/*' ORDER BY name").pluck();
  const dropState = database.prepare('DELETE FROM rule WHERE name = ?');
  const state = database.prepare<[string], Buffer>('SELECT value FROM rule WHERE name = ?').pluck();

  return {
    put(message) {
      const { id, rule, delta, key, at, held } = alertCodec.decode(message);
      if (insert.run({ id, rule, delta, key, at, held, message }).changes === 0) return false;
      kept = kept === undefined ? size.get()! : kept + 1;
      for (; kept > most; kept--) dropOldest.run();
      return true;
    },

    list: ({ rule, delta, held, before, after, since, limit } = {}) =>
      list
        .all({
          rule: rule ?? null,
          delta: delta ?? null,
          held: held === undefined ? null : Number(held),
          before: before ?? null,
          after: after ?? null,
          since: since ?? null,
          limit: limit ?? -1,
        })
        .map(({ number, message }) => ({ ...alertCodec.decode(message), number })),

    counts: () => counts.all(),
    rules: () => rules.all().map((value) => JSON.parse(String(value)) as RuleStatus),

    setState(name, value) {
      if (value === null) dropState.run(name);
      else setState.run(name, value);
    },

    state: (name) => state.get(name),
  };
}
