import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { folders } from '../kit/folder.ts';
import { DELTA } from '../kit/store.ts';
import { filled } from '../serve/served-store.ts';
import { deltasift, LAUNCHER } from './run.ts';
import { tinyCrawl, tinyPair } from './tiny.ts';

const folder = folders();

/** The first line on one of its streams that matches; the process goes on. */
async function lineOf(stream: NodeJS.ReadableStream, wanted: RegExp): Promise<string> {
  for await (const line of createInterface(stream)) if (wanted.test(line)) return line;
  throw new Error(`it ended without a line like ${wanted}`);
}

function started(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawn(process.execPath, [LAUNCHER, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('serve', () => {
  test('prints an address and a token that it answers to, beside a process that writes; ends on SIGTERM', async () => {
    const dir = folder();
    const store = filled(dir, 3);
    const child = started(['serve', '--store', dir, '--serve', '0']);
    const printed = new URL(await lineOf(child.stdout, /^http/));
    const headers = { authorization: `Bearer ${printed.hash.replace('#token=', '')}` };
    assert.equal((await fetch(new URL('/api/deltas', printed))).status, 401);
    const deltas = (await (await fetch(new URL('/api/deltas', printed), { headers })).json()) as {
      items: { id: string }[];
    };
    assert.equal(deltas.items[0]?.id, DELTA);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'close'), [130, null]);
    store.close();
  });

  test('says where there is no store, an address that is taken, a token that is too short', async () => {
    const dir = folder();
    const none = await deltasift(['serve', '--store', dir, '--serve', '0']);
    assert.deepEqual([none.code, /no store in/.test(none.err)], [78, true], none.err);
    filled(dir, 1).close();
    for (const address of ['hello', '1:2:3:99999', '203.0.113.1:80']) {
      const { code, err } = await deltasift(['serve', '--store', dir, '--serve', address]);
      assert.deepEqual([code, /--serve/.test(err)], [78, true], err);
    }
    const short = await deltasift(['serve', '--store', dir, '--serve', '0'], { DELTASIFT_TOKEN: 'short' });
    assert.deepEqual([short.code, /DELTASIFT_TOKEN/.test(short.err), short.err.includes('short,')], [78, true, false]);
  });
});

describe('scan --serve', () => {
  test('answers while it scans, and ends with it', async () => {
    const dir = folder();
    const { base, tuned } = tinyPair;
    const words = ['scan', '--base', base, '--tuned', tuned, '--store', dir, '--serve', '0', '--source'];
    const child = started([...words, `jsonl:${tinyCrawl(folder(), 400)}`], {
      DELTASIFT_TOKEN: 'a-token-for-tests-only',
    });
    const line = await lineOf(child.stderr, /the page is at/);
    child.stderr.resume();
    const url = line.replace(/.* /, '');
    assert.equal(new URL(url).hash, '', 'a token from the environment is not printed');
    const response = await fetch(new URL('/api/deltas', url), {
      headers: { authorization: 'Bearer a-token-for-tests-only' },
    });
    assert.equal(response.status, 200);
    child.stdout.resume();
    assert.deepEqual(await once(child, 'close'), [0, null]);
    await assert.rejects(fetch(url));
  });
});
