/** `scan --follow`, as a user runs it: what comes to a folder is scored, what stands half-written waits, SIGTERM ends it in order. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { openStore } from '../../pipeline/store/store.ts';
import { deltasift } from '../cli/run.ts';
import { tinyCrawl, tinyPair } from '../cli/tiny.ts';
import { folders } from '../kit/folder.ts';

const folder = folders();
const CLI = new URL('../../pipeline/cli.ts', import.meta.url).pathname;

test('a scan that follows a folder scores what comes to it, once, and goes on where it was stopped', async () => {
  const dir = folder();
  const crawl = join(dir, 'crawl');
  mkdirSync(crawl);
  const lines = readFileSync(tinyCrawl(dir, 40), 'utf8').trimEnd().split('\n');
  const write = (name: string, from: number, to: number) =>
    writeFileSync(join(crawl, name), `${lines.slice(from, to).join('\n')}\n`);
  const [store, scores] = [join(dir, 'store'), join(dir, 'scores.jsonl')];
  const words = ['scan', '--base', tinyPair.base, '--tuned', tinyPair.tuned, '--source', `jsonl:${crawl}`];
  words.push('--store', store, '--scores', scores, '--pool', '0', '--threads', '1', '--json');
  const ids = () =>
    existsSync(scores)
      ? readFileSync(scores, 'utf8')
          .trimEnd()
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line).id as string)
      : [];
  const idsOf = (from: number, to: number) => lines.slice(from, to).map((line) => JSON.parse(line).id as string);

  async function following(during: (reached: (count: number) => Promise<void>) => Promise<void>) {
    const child = spawn(process.execPath, [CLI, ...words, '--follow', '--follow-every', '100ms'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'exit');
    const [out, err] = [child.stdout.toArray(), child.stderr.toArray()];
    await during(async (count) => {
      while (ids().length < count && child.exitCode === null) await delay(20);
    });
    child.kill('SIGTERM');
    const [code] = await ended;
    return { code, out: Buffer.concat(await out).toString(), err: Buffer.concat(await err).toString() };
  }

  write('m.jsonl', 0, 10);
  const first = await following(async (reached) => {
    await reached(10);
    write('a.jsonl', 10, 15);
    appendFileSync(join(crawl, 'm.jsonl'), `${lines[15]}\n${lines[16]!.slice(0, 20)}`);
    await reached(16);
    await delay(300); // the half line has been looked at
    appendFileSync(join(crawl, 'm.jsonl'), `${lines[16]!.slice(20)}\n`);
    await reached(17);
  });
  assert.equal(first.code, 130, first.err);
  assert.match(first.err, /looks again in/);
  const summary = JSON.parse(first.out);
  assert.deepEqual([summary.read, summary.scored, summary.rejected], [17, 17, {}]);

  write('z.jsonl', 17, 20);
  const second = await following(async (reached) => await reached(20));
  assert.equal(second.code, 130, second.err);
  const last = await deltasift(words);
  assert.deepEqual([last.code, JSON.parse(last.out).scored], [0, 20]);
  assert.deepEqual(ids().sort(), idsOf(0, 20).sort());

  const database = new Sqlite(join(store, 'store.sqlite'), { readonly: true });
  assert.equal(database.prepare('SELECT count(*) FROM log').pluck().get(), 0, 'what was handled is let go of');
  database.close();
  openStore(store).close();
  assert.equal(statSync(join(store, 'store.sqlite-wal'), { throwIfNoEntry: false })?.size ?? 0, 0);
});
