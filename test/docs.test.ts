/** The docs name what there is. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { pluginsReference } from '../pipeline/commands/plugins-reference.ts';
import { reference } from '../pipeline/commands/reference.ts';
import { REJECT_CODES } from '../pipeline/contract.ts';
import { SCORE_FIELDS } from '../pipeline/score-line.ts';
import { migrate } from '../pipeline/store/migrations.ts';
import { PROVENANCE_FIELDS } from '../schemas/provenance.ts';

const read = (file: string): string => readFileSync(new URL(`../docs/${file}`, import.meta.url), 'utf8');

describe('docs', () => {
  test('rejects.md explains every code and no other', () => {
    const explained = [...read('rejects.md').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code!);
    assert.deepEqual(explained.toSorted(), [...REJECT_CODES].sort());
  });

  test('cli.md is what the commands would write', () => {
    assert.ok(read('cli.md') === reference(), 'write it again: node pipeline/commands/reference.ts');
  });

  test('plugins.md is what the sources would write, and describes each of their settings', () => {
    const text = read('plugins.md');
    assert.ok(text === pluginsReference(), 'write it again: node pipeline/commands/plugins-reference.ts');
    assert.doesNotMatch(text, /undefined|\| {2}\|$/m);
  });

  test('formats.md has every table of the store with all of its columns, and every field of a score', () => {
    const text = read('formats.md');
    for (const field of SCORE_FIELDS) assert.match(text, new RegExp(`^\\| \`${field}\` \\|`, 'm'));
    for (const field of PROVENANCE_FIELDS) assert.match(text, new RegExp(`^- \`${field}\`: `, 'm'));
    const fields: readonly string[] = [...SCORE_FIELDS, ...PROVENANCE_FIELDS];
    const database = new Sqlite(':memory:');
    migrate(database);
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .pluck()
      .all();
    for (const table of tables) {
      const row = text.split('\n').find((line) => line.startsWith(`| \`${table}\` |`));
      assert.ok(row, `table ${table} is missing`);
      for (const { name } of database.pragma(`table_info(${table})`) as { name: string }[]) {
        const isScore = table === 'member' && fields.includes(name);
        assert.ok(isScore || row.includes(`\`${name}\``), `${table}.${name} is missing`);
      }
    }
    database.close();
  });
});
