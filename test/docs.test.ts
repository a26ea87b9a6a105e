/** The docs name what there is. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { filtersReference } from '../pipeline/commands/filters-reference.ts';
import { pluginsReference } from '../pipeline/commands/plugins-reference.ts';
import { reference } from '../pipeline/commands/reference.ts';
import { REJECT_CODES } from '../pipeline/contract.ts';
import { SCORE_FIELDS } from '../pipeline/scan/score-line.ts';
import { migrate } from '../pipeline/store/migrations.ts';
import { PROVENANCE_FIELDS } from '../schemas/provenance.ts';
import { RECORD_TYPES } from '../stages/sources/warc/record.ts';

const read = (file: string): string => readFileSync(new URL(`../docs/${file}`, import.meta.url), 'utf8');

describe('docs', () => {
  test('rejects.md explains every code and no other', () => {
    const [codes = ''] = read('rejects.md').split('## Dropped');
    const explained = [...codes.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code!);
    assert.deepEqual(explained.toSorted(), [...REJECT_CODES].sort());
  });

  test('rejects.md explains every reason of a drop, and filters.md every rule', () => {
    const [, dropped = ''] = read('rejects.md').split('## Dropped');
    const files = ['stages', 'pipeline'].flatMap((folder) =>
      readdirSync(new URL(`../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => readFileSync(new URL(`../${folder}/${file}`, import.meta.url), 'utf8')),
    );
    const literal = files.flatMap((text) => [...text.matchAll(/new Drop\('([^']+)'\)/g)].map(([, reason]) => reason!));
    assert.ok(literal.length > 4);
    const warc = [...RECORD_TYPES, 'unknown-type'];
    for (const reason of [...literal, ...warc]) assert.ok(dropped.includes(`\`${reason}\``), reason);
    assert.equal(read('filters.md'), filtersReference(), 'write it again: node pipeline/commands/plugins-reference.ts');
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
