/** What holds for every command: exit codes, where text goes, JSON. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { commands, GROUPS } from '../../pipeline/commands/commands.ts';
import { deltasift } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'deltasift-cli-'));
after(() => rmSync(folder, { recursive: true }));

const SCAN = ['--base', 'a', '--tuned', 'b', '--source', 'jsonl:c', '--store', 'd'];

describe('command line', () => {
  test('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const { code, out, err } = await deltasift(['--version']);
    assert.deepEqual([code, out, err], [0, `${version}\n`, '']);
  });

  test('--help lists every command on standard output', async () => {
    const { code, out } = await deltasift(['--help']);
    assert.equal(code, 0);
    for (const { name } of commands) assert.match(out, new RegExp(`^  ${name.split(' ')[0]} `, 'm'));
  });

  test('a command of two words belongs to a group, or to a command, that says what it is about', () => {
    const single = new Set(commands.map(({ name }) => name));
    const groups = new Set(commands.flatMap(({ name }) => (name.includes(' ') ? name.split(' ')[0]! : [])));
    assert.deepEqual([...groups].filter((group) => !single.has(group)).sort(), Object.keys(GROUPS).sort());
  });

  test('no command, an unknown one, an unknown flag: exit 78 and a word on standard error', async () => {
    for (const [words, said] of [
      [[], /Usage/],
      [['scna'], /unknown command 'scna'/],
      [['validate', '--wndow', '3'], /Did you mean --window/],
    ] as const) {
      const { code, out, err } = await deltasift(words);
      assert.deepEqual([code, out], [78, '']);
      assert.match(err, said);
    }
  });

  test('a mistake in the config exits 78, and with --json says so as JSON as well', async () => {
    const { code, out, err } = await deltasift(['validate', ...SCAN, '--window', '1', '--keep', 'all', '--json']);
    assert.equal(code, 78);
    assert.equal(
      err,
      'deltasift: --window: expected at least 2, got 1\ndeltasift: --keep: expected a number, got "all"\n',
    );
    assert.deepEqual(Object.keys(JSON.parse(out).error), ['code', 'name', 'message']);
  });

  test("validate checks the source's own settings as well", async () => {
    for (const [source, said] of [
      ['jsonl', /expected jsonl:PATH/],
      ['warcraft:x', /no source is called warcraft/],
    ] as const) {
      const { code, err } = await deltasift(['validate', ...SCAN, '--source', source]);
      assert.equal(code, 78);
      assert.match(err, said);
    }
  });

  test('validate prints what flags, file and defaults come to, as YAML that validates again', async () => {
    const file = join(folder, 'scan.yaml');
    writeFileSync(file, 'window: 64\nkeep: 7\nk: 3\nsource: {kind: jsonl, path: crawl.jsonl}\n');
    const flags = ['--base', 'a', '--tuned', 'b', '--store', 'd', '--keep', '9'];
    const { code, out } = await deltasift(['validate', '--config', file, ...flags]);
    assert.equal(code, 0);
    assert.match(out, /^window: 64$/m);
    assert.match(out, /^keep: 9$/m);

    const printed = join(folder, 'printed.yaml');
    writeFileSync(printed, out);
    assert.equal((await deltasift(['validate', '--config', printed])).out, out);
  });
});
