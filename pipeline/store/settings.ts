/** What is fixed when a store, or a scan in it, is first used. */
import type { Database } from 'better-sqlite3';
import { ConfigError } from '../error.ts';

export type Settings = Readonly<Record<string, string | number | boolean>>;

export interface SettingsTable {
  /**
   * Keeps the settings the first time, and from then on holds others to them. `where` names the thing in an error.
   *
   * @throws ConfigError that names the first setting that differs, and both values
   */
  fix(scope: string, where: string, settings: Settings): void;
  read(scope: string): Settings;
}

export function settingsTable(database: Database): SettingsTable {
  const select = database.prepare<[string], { name: string; value: string }>(
    'SELECT name, value FROM setting WHERE scope = ?',
  );
  const insert = database.prepare('INSERT INTO setting (scope, name, value) VALUES (?, ?, ?)');

  function read(scope: string): Settings {
    return Object.fromEntries(select.all(scope).map(({ name, value }) => [name, JSON.parse(value)]));
  }

  return {
    read,
    fix: database.transaction((scope: string, where: string, settings: Settings) => {
      const kept = read(scope);
      if (Object.keys(kept).length === 0) {
        for (const [name, value] of Object.entries(settings)) insert.run(scope, name, JSON.stringify(value));
        return;
      }
      const other = [...new Set([...Object.keys(settings), ...Object.keys(kept)])].find(
        (name) => kept[name] !== settings[name],
      );
      if (other === undefined) return;
      throw new ConfigError(
        `${where} was made with ${other} ${shown(kept[other])}, but ${other} ${shown(settings[other])} was asked for: ` +
          'ask for the same, or name another store',
      );
    }),
  };
}

/** Forgets what was fixed for scans that never read a record, and the deltas where no scan did. */
export function forgetUnbegun(database: Database): void {
  database.exec(`
    BEGIN;
    DELETE FROM setting WHERE scope LIKE 'scan %' AND substr(scope, 6) NOT IN
      (SELECT name FROM scan WHERE id IN (SELECT scan FROM source WHERE read > 0 UNION SELECT scan FROM count));
    CREATE TEMP TABLE begun AS SELECT 1 FROM source WHERE read > 0 UNION SELECT 1 FROM count UNION SELECT 1 FROM member;
    DELETE FROM setting WHERE NOT EXISTS (SELECT 1 FROM begun);
    DELETE FROM delta WHERE NOT EXISTS (SELECT 1 FROM begun);
    DROP TABLE begun;
    COMMIT;
  `);
}

function shown(value: string | number | boolean | undefined): string {
  if (value === undefined) return '(unset)';
  return value === '' ? '(none)' : String(value);
}
