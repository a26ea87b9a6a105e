/** No loss and no change by kill -9 and SIGTERM, on the whole pipeline: real checkpoints, a real model, the command line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { deltasift } from '../cli/run.ts';
import { tinyCrawl, tinyPair } from '../cli/tiny.ts';
import { folders } from '../kit/folder.ts';
import { balanced } from './balanced.ts';
import { contentsOf, type ScanFiles } from './contents.ts';

const folder = folders();
const CLI = new URL('../../pipeline/cli.ts', import.meta.url).pathname;
const CRAWL = tinyCrawl(folder(), 240, [{ id: 'short', text: 'a' }, { id: 'again', text: 'a' }, { id: 'no text' }]);

function runIn(dir: string): ScanFiles {
  return { store: join(dir, 'store'), scores: join(dir, 'scores.jsonl') };
}

function wordsOf({ store, scores }: ScanFiles): readonly string[] {
  const pair = ['--base', tinyPair.base, '--tuned', tinyPair.tuned, '--sketch-width', '256', '--pool', '40'];
  const rest = ['--source', `jsonl:${CRAWL}`, '--store', store, '--scores', scores, '--threads', '1', '--json'];
  return ['scan', ...pair, ...rest];
}

/** Scans until the scores file grows, then sends the signal; the exit code, or the signal. */
async function interrupted(run: ScanFiles, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | NodeJS.Signals> {
  const size = () => (existsSync(run.scores) ? statSync(run.scores).size : 0);
  const before = size();
  const child = spawn(process.execPath, [CLI, ...wordsOf(run)], { stdio: 'ignore' });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  while (size() === before && child.exitCode === null) await delay(2);
  child.kill(signal);
  const [code, by] = await ended;
  return code ?? by!;
}

test('a scan that is killed and stopped over and over ends as one that was not', async () => {
  const [whole, broken] = [runIn(folder()), runIn(folder())];
  assert.equal((await deltasift(wordsOf(whole))).code, 0);
  const expected = await contentsOf(whole);
  assert.ok(balanced(expected.counts));
  assert.equal(expected.scores.trimEnd().split('\n').length, 240);

  const endings = [
    await interrupted(broken, 'SIGKILL'),
    await interrupted(broken, 'SIGTERM'),
    await interrupted(broken, 'SIGKILL'),
  ];
  assert.deepEqual(endings, ['SIGKILL', 130, 'SIGKILL']);
  assert.ok(balanced((await contentsOf(broken)).counts));
  const { code, out } = await deltasift(wordsOf(broken));
  assert.equal(code, 0);
  assert.deepEqual(await contentsOf(broken), expected);
  const { read, scored, dropped, rejected } = JSON.parse(out);
  assert.deepEqual(
    { read, scored, dropped, rejected },
    { read: 243, scored: 240, dropped: { duplicate: 1 }, rejected: { 'malformed-record': 1, 'too-short': 1 } },
  );
});
