/** No loss and no change by kill -9, on the embedded transport with a made-up model. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openStore } from '../../pipeline/store/store.ts';
import { folders } from '../kit/folder.ts';
import { DELTA } from '../kit/store.ts';
import { balanced } from './balanced.ts';
import { KEEP, RECORDS, type SmallScan } from './small-scan.ts';

const folder = folders();
const SCRIPT = new URL('small-scan.ts', import.meta.url).pathname;

function scanIn(dir: string): SmallScan {
  return { store: join(dir, 'store'), scores: join(dir, 'scores.jsonl') };
}

const argumentsOf = (scan: SmallScan) => [SCRIPT, JSON.stringify(scan)];

/** @returns whether it came to its end; the other way to end is by SIGKILL */
function run(scan: SmallScan): boolean {
  const { status, signal, stderr } = spawnSync(process.execPath, argumentsOf(scan), { encoding: 'utf8' });
  assert.ok(status === 0 || signal === 'SIGKILL', stderr);
  return status === 0;
}

/** Everything that a user can see of a scan. */
function contentsOf({ store: dir, scores }: SmallScan) {
  const store = openStore(dir, { readonly: true });
  try {
    return {
      top: store.top(DELTA, KEEP),
      pool: [...store.members(DELTA, 'pool')],
      state: ['quantiles', 'running'].map((name) => store.state(DELTA, name)),
      counts: store.counts(),
      // those of the source and those of the stages mix as they come
      rejects: store
        .rejects()
        .map(({ id, ...reject }) => ({ ...reject, bytes: store.rejectBytes(id) }))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
      scores: readFileSync(scores, 'utf8'),
    };
  } finally {
    store.close();
  }
}

describe('a scan that is killed', () => {
  const whole = scanIn(folder());
  let expected: ReturnType<typeof contentsOf>;

  before(() => {
    assert.ok(run(whole));
    expected = contentsOf(whole);
    assert.ok(balanced(expected.counts));
    assert.equal(expected.counts.find(({ stage, outcome }) => stage === 'crawl' && outcome === 'in')?.n, RECORDS);
  });

  test('on either side of a commit, over and over, ends with the store and the scores file of one that was not', () => {
    const scan = scanIn(folder());
    const points = [
      { commit: 1, at: 'inside' }, // the first is the scores file's own
      { commit: 2, at: 'before' },
      { commit: 2, at: 'inside' },
      { commit: 3, at: 'after' },
      { commit: 4, at: 'inside' },
      { commit: 6, at: 'after' },
      { commit: 7, at: 'inside' },
      { commit: 4, at: 'after' },
    ] as const;
    for (const kill of points) {
      assert.equal(run({ ...scan, kill }), false, `commit ${kill.commit} was never reached`);
      const store = openStore(scan.store, { readonly: true });
      assert.ok(balanced(store.counts()));
      store.close();
    }
    assert.ok(run(scan));
    assert.deepEqual(contentsOf(scan), expected);
  });

  test('at any moment, ends with the same too', async () => {
    const scan = scanIn(folder());
    for (let kills = 0; kills < 4; kills++) {
      const child = spawn(process.execPath, argumentsOf(scan), { stdio: 'ignore' });
      const ended = once(child, 'exit');
      await Promise.race([delay(150 + 40 * kills), ended]);
      child.kill('SIGKILL');
      await ended;
    }
    assert.ok(run(scan));
    assert.deepEqual(contentsOf(scan), expected);
  });

  test('a finished one, run again, changes nothing', () => {
    assert.ok(run(whole));
    assert.deepEqual(contentsOf(whole), expected);
  });
});
