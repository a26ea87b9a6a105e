/** No loss and no change by kill -9 and SIGTERM, on the whole pipeline: real checkpoints, a real model, the command line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openStore } from '../../pipeline/store/store.ts';
import { deltasift } from '../cli/run.ts';
import { tinyCrawl, tinyPair } from '../cli/tiny.ts';
import { folders } from '../kit/folder.ts';
import { balanced } from './balanced.ts';

const folder = folders();
const CLI = new URL('../../pipeline/cli.ts', import.meta.url).pathname;
const CRAWL = tinyCrawl(folder(), 240, [{ id: 'short', text: 'a' }, { id: 'again', text: 'a' }, { id: 'no text' }]);

interface Run {
  readonly store: string;
  readonly scores: string;
}

function runIn(dir: string): Run {
  return { store: join(dir, 'store'), scores: join(dir, 'scores.jsonl') };
}

function wordsOf({ store, scores }: Run): readonly string[] {
  const pair = ['--base', tinyPair.base, '--tuned', tinyPair.tuned, '--sketch-width', '256', '--pool', '40'];
  const rest = ['--source', `jsonl:${CRAWL}`, '--store', store, '--scores', scores, '--threads', '1', '--json'];
  return ['scan', ...pair, ...rest];
}

/** Scans until the scores file grows, then sends the signal; the exit code, or the signal. */
async function interrupted(run: Run, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | NodeJS.Signals> {
  const size = () => (existsSync(run.scores) ? statSync(run.scores).size : 0);
  const before = size();
  const child = spawn(process.execPath, [CLI, ...wordsOf(run)], { stdio: 'ignore' });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  while (size() === before && child.exitCode === null) await delay(2);
  child.kill(signal);
  const [code, by] = await ended;
  return code ?? by!;
}

/** Everything that a user can see of a scan. */
async function contentsOf({ store: dir, scores }: Run) {
  const top = await deltasift(['top', '--store', dir, '-k', '240', '--format', 'jsonl']);
  assert.equal(top.code, 0, top.err);
  const store = openStore(dir, { readonly: true });
  try {
    const [delta] = store.deltas();
    return {
      top: top.out,
      pool: [...store.members(delta!.id, 'pool')],
      state: ['quantiles', 'running'].map((name) => store.state(delta!.id, name)),
      counts: store.counts(),
      rejects: store.rejects().map(({ key, code }) => [key, code]),
      scores: readFileSync(scores, 'utf8'),
    };
  } finally {
    store.close();
  }
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
