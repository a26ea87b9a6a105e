/** No loss and no change by kill -9 at moments drawn at random, on the whole pipeline, with one source after another in one store. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { random } from '../../stages/math/random.ts';
import { deltasift, LAUNCHER } from '../cli/run.ts';
import { tinyCrawl, tinyPair } from '../cli/tiny.ts';
import { folders } from '../kit/folder.ts';
import { gz, page } from '../sources/warc-bytes.ts';
import { balanced } from './balanced.ts';
import { contentsOf, type ScanFiles } from './contents.ts';

/** In each of two sources. */
const KILLS = 10;
/** Documents of each source, so many that a scan killed so often is not through. */
const DOCUMENTS = 3000;
/** Longest wait of a kill, from the start of a process or from the first score that it wrote. */
const WAIT_MS = 400;
const SEED = 20;

const folder = folders();
const texts = readFileSync(tinyCrawl(folder(), 500), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => (JSON.parse(line) as { readonly text: string }).text);
/** Stretches of the real documents: each another one, of another length. */
const textOf = (n: number) => texts[n % texts.length]!.slice(0, 40 + (n % 211)).concat(` ${n}`);

/** Gzip files of JSON lines below a folder; some records are broken, some come twice. */
function jsonLines(): string {
  const dir = folder();
  mkdirSync(join(dir, 'more'));
  for (const [f, name] of ['a.jsonl.gz', 'b.jsonl.gz', 'more/c.jsonl.gz'].entries()) {
    const lines = Array.from({ length: DOCUMENTS / 3 }, (_, i) => {
      const n = 3 * i + f;
      if (n % 97 === 0) return `{"id": "broken ${n}"`;
      return JSON.stringify({ id: `line ${n}`, text: textOf(n % 89 === 0 ? 1 : n) });
    });
    writeFileSync(join(dir, name), gz(Buffer.from(`${lines.join('\n')}\n`)));
  }
  return `jsonl:${dir}`;
}

/** Pages of a crawl, a gzip member each. */
function pages(): string {
  const file = join(folder(), 'crawl.warc.gz');
  const records = Array.from({ length: DOCUMENTS }, (_, n) =>
    gz(page(textOf(DOCUMENTS + n), { url: `https://a.example/${n}` })),
  );
  writeFileSync(file, Buffer.concat(records));
  return `warc:${file}`;
}

function wordsOf({ store, scores }: ScanFiles, source: string): readonly string[] {
  const pair = ['--base', tinyPair.base, '--tuned', tinyPair.tuned, '--sketch-width', '256', '--pool', '40'];
  return ['scan', ...pair, '--source', source, '--store', store, '--scores', scores, '--threads', '1', '--quiet'];
}

/** Waits a while, either from the start or from the first score on, and kills. False where the scan was through before. */
async function killed(run: ScanFiles, source: string, early: boolean, waitMs: number): Promise<boolean> {
  const size = () => (existsSync(run.scores) ? statSync(run.scores).size : 0);
  const before = size();
  const child: ChildProcess = spawn(process.execPath, [LAUNCHER, ...wordsOf(run, source)], {
    env: {},
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  while (!early && size() === before && child.exitCode === null) await delay(2);
  await delay(waitMs);
  child.kill('SIGKILL');
  const [, signal] = await ended;
  return signal === 'SIGKILL';
}

test(`a scan that is killed at ${2 * KILLS} random moments, in one source and then in another, ends as one that was not`, async (t) => {
  const [whole, broken] = [folder(), folder()].map((dir) => ({
    store: join(dir, 'store'),
    scores: join(dir, 'scores.jsonl'),
  }));
  const moments = random(SEED).words(0, 0, 2 * KILLS);
  for (const [s, source] of [jsonLines(), pages()].entries()) {
    const { code, err } = await deltasift(wordsOf(whole!, source));
    assert.equal(code, 0, err);
    for (let kill = 0; kill < KILLS; kill++) {
      const drawn = moments[s * KILLS + kill]! / 2 ** 32;
      const early = kill % 4 === 3; // while it opens the store, the checkpoints and the place where it was
      assert.ok(await killed(broken!, source, early, drawn * WAIT_MS), `the scan was through before kill ${kill}`);
    }
    const rest = await deltasift(wordsOf(broken!, source));
    assert.equal(rest.code, 0, rest.err);
    const [expected, got] = [await contentsOf(whole!), await contentsOf(broken!)];
    assert.ok(balanced(got.counts));
    assert.deepEqual(got, expected);
    t.diagnostic(`${source.split(':')[0]}: ${expected.scores.split('\n').length - 1} lines of scores`);
  }
});
