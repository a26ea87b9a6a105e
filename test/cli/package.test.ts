/** What `npm pack` makes, installed into an empty folder: dependencies are linked, the package itself is unpacked. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tinyCrawl, tinyPair } from './tiny.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const folder = mkdtempSync(join(tmpdir(), 'deltasift-package-'));
const modules = join(folder, 'node_modules');
const home = join(modules, 'deltasift');
after(() => rmSync(folder, { recursive: true }));

/** As the bin link of npm would start it. */
function deltasift(...words: readonly string[]): string {
  return execFileSync(process.execPath, [join(home, manifest.bin.deltasift), ...words], {
    encoding: 'utf8',
    cwd: folder,
  });
}

before(() => {
  execFileSync(process.execPath, [join(ROOT, 'deploy', 'npm', 'build.ts')], { stdio: 'inherit' });
  const npm = { cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' } as const;
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], npm));
  mkdirSync(home, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', home]);
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'junction');
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
});

describe('the npm package', () => {
  test('is a working deltasift', () => {
    assert.equal(deltasift('--version'), `${manifest.version}\n`);
    assert.equal(JSON.parse(deltasift('doctor', '--json')).ok, true);

    const { base, tuned } = tinyPair;
    const source = `jsonl:${tinyCrawl(folder, 20)}`;
    const scan = [
      'scan',
      '--base',
      base,
      '--tuned',
      tuned,
      '--source',
      source,
      '--store',
      'store',
      '--json',
      '--quiet',
    ];
    assert.equal(JSON.parse(deltasift(...scan)).scored, 20);
    assert.equal(JSON.parse(deltasift('top', '--store', 'store', '-k', '1', '--json')).documents.length, 1);
  });

  test('gives the contract and the stages to those who import it, with types', () => {
    writeFileSync(
      join(folder, 'embed.ts'),
      `import { Reject, type Stage } from 'deltasift';
       import { scan } from 'deltasift/scan';
       import { openStore } from 'deltasift/store';
       import { documentCodec } from 'deltasift/schemas/codec';
       import type { Score } from 'deltasift/schemas/types';
       import { score } from 'deltasift/stages/score';
       const stage: Stage<never, Score> = score([]);
       console.log(stage.name, new Reject('too-short', 'why').code, documentCodec.name, typeof scan, typeof openStore);`,
    );
    const run = spawnSync(process.execPath, ['embed.ts'], { cwd: folder, encoding: 'utf8' });
    assert.equal(run.stdout, 'score too-short document function function\n', run.stderr);

    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const flags = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--typeRoots',
      join(ROOT, 'node_modules', '@types'),
      '--types',
      'node',
    ];
    const check = spawnSync(process.execPath, [compiler, ...flags, 'embed.ts'], { cwd: folder, encoding: 'utf8' });
    assert.equal(check.stdout, '');
  });

  test('begins a source of a third party, whose own test passes, and which is checked and scanned', () => {
    const made = JSON.parse(deltasift('init', 'source', 'my-crawl', '--json'));
    assert.deepEqual(made.files, ['README.md', 'package.json', 'sample.tsv', 'source.test.ts', 'source.ts']);
    const crawl = join(folder, 'my-crawl');
    const own = spawnSync(process.execPath, ['--test', '--test-reporter', 'tap'], {
      cwd: crawl,
      encoding: 'utf8',
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    });
    assert.match(own.stdout, /^# pass [1-9]\d*\n# fail 0$/m, own.stdout + own.stderr);
    assert.equal(own.status, 0);
    assert.equal(readFileSync(join(crawl, 'source.ts'), 'utf8').includes('my-source'), false);

    const { documents, dropped, rejected } = JSON.parse(deltasift('sources', 'check', './my-crawl', '--json'));
    assert.equal(documents.length, 3);
    assert.deepEqual([Object.keys(dropped), Object.keys(rejected)], [['empty'], ['malformed-record']]);

    const lines = readFileSync(tinyCrawl(folder, 6, [], 'tiny.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    const table = lines.map((line) => {
      const { id, url, text } = JSON.parse(line);
      return `${id}\t${url}\t${text.replaceAll('\n', ' ')}\n`;
    });
    writeFileSync(join(folder, 'tiny.tsv'), table.join(''));
    const scan = ['scan', '--base', tinyPair.base, '--tuned', tinyPair.tuned, '--source', './my-crawl:tiny.tsv'];
    assert.equal(JSON.parse(deltasift(...scan, '--store', 'own', '--json', '--quiet')).scored, 6);
  });

  test('refuses a name that is none, is taken, or has a folder already, and says what to do', () => {
    for (const [name, said] of [
      ['My_Source', /lower-case letters/],
      ['../out', /lower-case letters/],
      ['jsonl', /has a source called jsonl/],
      ['my-crawl', /is there already/],
    ] as const) {
      const [command, cwd] = [join(home, manifest.bin.deltasift), folder];
      const run = spawnSync(process.execPath, [command, 'init', 'source', name], { cwd, encoding: 'utf8' });
      assert.equal(run.status, 78);
      assert.match(run.stderr, said);
    }
  });

  test('ships no sources, tests or models', () => {
    const files: readonly { readonly path: string }[] = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--dry-run'], { cwd: ROOT, encoding: 'utf8' }),
    )[0].files;
    const foreign = files.filter(
      ({ path }) =>
        !/^(dist\/.*\.(js|d\.ts|avsc|json)|dist\/pipeline\/init\/source\/[\w.]+|dist\/pipeline\/serve\/page\/[\w./-]+\.(html|css)|pipeline\/launcher\.cjs|deploy\/broker\/[\w.]+|[A-Z]+(\.md)?|package\.json)$/.test(
          path,
        ),
    );
    assert.deepEqual(foreign, []);
  });
});
