/**
 * What README.md and docs/ tell to type, typed: in a folder that looks like a checkout after `npm start`, with a crawl of a few
 * hundred documents. A block marked `sh gpu` needs an accelerator, one marked
 * `sh broker` a Kafka cluster: they are only read.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { setUp } from '../examples/demo/setup.ts';
import { blocksOf } from './kit/blocks.ts';
import { assertShown } from './kit/shown.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTS = 300;
/** Stands for npx, which takes half a second to find the command of the folder it is in. */
const NPX = `#!/bin/sh
shift
exec "${process.execPath}" "${join(ROOT, 'pipeline', 'launcher.cjs')}" "$@"
`;
/** `npm start`, which test/demo/demo.long.ts types, and `npm test`, which is typed now. */
const ALONE = /^npm ci && npm (\w+)\n$/;

const checkout = mkdtempSync(join(tmpdir(), 'deltasift-readme-'));
after(() => rmSync(checkout, { recursive: true }));

before(() => {
  for (const entry of ['package.json', 'node_modules', 'pipeline', 'stages', 'schemas', 'examples']) {
    symlinkSync(join(ROOT, entry), join(checkout, entry));
  }
  mkdirSync(join(checkout, 'bin'));
  writeFileSync(join(checkout, 'bin', 'npx'), NPX, { mode: 0o755 });
  mkdirSync(join(checkout, 'data', 'demo'), { recursive: true });
  for (const path of Object.values(setUp(join(ROOT, 'data', 'demo')))) {
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, DOCUMENTS);
    writeFileSync(join(checkout, 'data', 'demo', basename(path)), lines.join('\n'));
  }
});

/** What a block prints on standard output. */
function typed(block: string): string {
  const { stdout, stderr, status } = spawnSync('bash', ['-euo', 'pipefail', '-c', block], {
    cwd: checkout,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(checkout, 'bin')}${delimiter}${process.env['PATH']}` },
  });
  assert.equal(status, 0, `${block}\n${stdout}\n${stderr}`);
  return stdout;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

test('npx finds the command in a checkout', () => {
  const { version } = JSON.parse(read('package.json')) as { readonly version: string };
  assert.equal(execFileSync('npx', ['deltasift', '--version'], { cwd: checkout, encoding: 'utf8' }), `${version}\n`);
});

for (const page of PAGES) {
  describe(page, () => {
    let printed: string | undefined;
    let isTyped = false;
    for (const { info, text } of blocksOf(read(page))) {
      const [script] = ALONE.exec(text)?.slice(1) ?? [];
      if (script !== undefined) {
        isTyped = false;
        test(`npm ${script} is a script of this package`, () => {
          const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: object };
          assert.ok(Object.hasOwn(scripts, script));
        });
      } else if (info === 'sh') {
        isTyped = true;
        test(`can be typed: ${firstLine(text)}`, () => {
          printed = typed(text);
        });
      } else if (info === 'text' && isTyped) {
        test(`prints what it shows: ${firstLine(text)}`, () => {
          assert.ok(printed !== undefined, 'the block before it failed');
          assertShown(text, printed);
        });
      } else if (info === 'sql') {
        test(`finds something: ${firstLine(text)}`, () => {
          const database = new Sqlite(join(checkout, 'data', 'mine', 'store.sqlite'), { readonly: true });
          assert.ok(database.prepare(text).all().length > 0);
          database.close();
        });
      } else if (info === 'yaml') {
        test(`are settings of a scan: ${firstLine(text)}`, () => {
          const file = join(checkout, 'data', 'shown.yaml');
          writeFileSync(file, `base: b\ntuned: t\nsource: jsonl:c.jsonl\nstore: s\n${text}`);
          execFileSync('npx', ['deltasift', 'validate', '--config', file], { cwd: checkout, stdio: 'pipe' });
        });
      }
    }

    test('shows what can be typed in blocks marked sh, sh gpu or sh broker, and in no others', () => {
      const known = ['sh', 'sh gpu', 'sh broker', 'text', 'sql', 'mermaid', 'yaml'];
      for (const { info } of blocksOf(read(page))) assert.ok(known.includes(info), `a block is marked ${info}`);
      assert.doesNotMatch(read(page), /^ {4,}(deltasift|npm|npx|node|sqlite3) /m);
    });
  });
}
