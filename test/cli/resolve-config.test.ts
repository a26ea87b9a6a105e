import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { scanConfig, topConfig } from '../../pipeline/config/config.ts';
import { flagOf, readConfigFile, resolveConfig } from '../../pipeline/config/resolve.ts';
import { ConfigError } from '../../pipeline/error.ts';

const folder = mkdtempSync(join(tmpdir(), 'deltasift-config-'));
after(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): ReturnType<typeof readConfigFile> {
  const path = join(folder, 'crawl.yaml');
  writeFileSync(path, text);
  return readConfigFile(path);
}

function mistakes(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.exitCode, 78);
    return error.message.replaceAll(folder, '');
  }
  assert.fail('no mistake was found');
}

const needed = { base: 'a', tuned: 'b', source: 'jsonl:c', store: 'd' };

describe('config', () => {
  test('flags win over the file, the file over the defaults', () => {
    const file = fileOf('window: 64\nkeep: 10\nbos: never\n');
    const config = resolveConfig(scanConfig, { flags: { ...needed, keep: 20 }, file });
    assert.equal(config.window, 64);
    assert.equal(config.keep, 20);
    assert.equal(config.bos, 'never');
    assert.equal(config.positions, 'all');
  });

  test('one file serves several commands: a command takes the settings it knows', () => {
    const file = fileOf('store: d\nk: 5\nwindow: 64\n');
    assert.deepEqual(resolveConfig(topConfig, { flags: {}, file }), { store: 'd', k: 5, format: 'table' });
  });

  test('every mistake is told at once: where it stands, what was expected, what came', () => {
    const file = fileOf('window: many\nsource: 3\n');
    const flags = { tuned: 'b', store: '', maxWindows: -1, positions: 'first', provider: ['cpu', 'tpu'] };
    const lines = mistakes(() => resolveConfig(scanConfig, { flags, file }))
      .split('\n')
      .sort();
    assert.deepEqual(lines, [
      '--base: missing (checkpoint before the tuning: a folder, hf:org/model@revision or https://...)',
      '--max-windows: expected at least 0, got -1',
      '--positions: expected one of all, last, got "first"',
      '--provider: expected one of cuda, webgpu, cpu, got "tpu"',
      '--store: expected some text, got ""',
      'source in /crawl.yaml: expected a string or a record, got 3',
      'window in /crawl.yaml: expected a number, got "many"',
    ]);
  });

  test('a setting that does not exist is a mistake, and the ones that do are listed', () => {
    assert.match(
      mistakes(() => fileOf('wndow: 3\n')),
      /crawl\.yaml: no such setting: wndow; the settings are base, .*window/,
    );
  });

  test('a file that is no mapping, no YAML or not there is a mistake', () => {
    assert.match(
      mistakes(() => fileOf('- a\n- b\n')),
      /expected a mapping of settings/,
    );
    assert.match(
      mistakes(() => fileOf('a: [b\n')),
      /crawl\.yaml: /,
    );
    assert.match(
      mistakes(() => readConfigFile(join(folder, 'absent.yaml'))),
      /absent\.yaml: ENOENT/,
    );
  });

  test('a flag is its setting in kebab-case, a letter is a short flag', () => {
    assert.equal(flagOf('maxWindows'), '--max-windows');
    assert.equal(flagOf('k'), '-k');
  });
});
