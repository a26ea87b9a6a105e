/** A disk that is full: the scan says so in words, and goes on from there once there is room. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { deltasift, LAUNCHER } from '../cli/run.ts';
import { tinyCrawl, tinyPair } from '../cli/tiny.ts';
import { folders } from '../kit/folder.ts';

const folder = folders();
const CRAWL = tinyCrawl(folder(), 240);

function wordsOf(store: string): readonly string[] {
  const pair = ['--base', tinyPair.base, '--tuned', tinyPair.tuned, '--threads', '1'];
  return ['scan', ...pair, '--source', `jsonl:${CRAWL}`, '--store', store, '--json'];
}

const skip = process.platform === 'win32' && 'files are limited by ulimit';

test('a scan whose disk is full says so, and finishes as any other once there is room', { skip }, async () => {
  const [whole, full] = [join(folder(), 'whole'), join(folder(), 'full')];
  // no file larger than 512 KiB: as ENOSPC, it comes in the middle of a commit
  const limited = ['-c', 'ulimit -f 512; exec "$@"', 'bash', process.execPath, LAUNCHER, ...wordsOf(full), '--quiet'];
  const { status, stdout, stderr } = spawnSync('bash', limited, { encoding: 'utf8' });
  assert.equal(status, 70, stderr);
  assert.match(stderr, /^deltasift: the store cannot be used: .*\n$/);
  assert.equal(JSON.parse(stdout).error.code, 70);

  for (const store of [whole, full]) assert.equal((await deltasift(wordsOf(store))).code, 0);
  const top = async (store: string) =>
    (await deltasift(['top', '--store', store, '-k', '240', '--format', 'jsonl'])).out;
  assert.equal(await top(full), await top(whole));
});

test('output that cannot be written exits 70, and a reader who has seen enough is no failure', { skip }, async () => {
  const sh = (line: string) =>
    spawnSync('bash', ['-c', `${line}; echo "$\{PIPESTATUS[0]}"`, 'bash', process.execPath, LAUNCHER], {
      encoding: 'utf8',
    });
  assert.equal(sh('"$@" --help | true').stdout, '0\n');
  if (process.platform !== 'linux') return;
  const { stdout, stderr } = sh('"$@" --help > /dev/full');
  assert.equal(stdout, '70\n');
  assert.match(stderr, /^deltasift: standard output cannot be written: ENOSPC/);
});

test('a scan goes on when nobody reads its progress any more', { skip }, () => {
  const store = join(folder(), 'store');
  const line = `"$@" 2>&1 >"${store}.json" | true; echo "$\{PIPESTATUS[0]}"`;
  const words = ['-c', line, 'bash', process.execPath, LAUNCHER, ...wordsOf(store)];
  assert.equal(spawnSync('bash', words, { encoding: 'utf8' }).stdout, '0\n');
});
