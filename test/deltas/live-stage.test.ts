import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { liveStage } from '../../pipeline/deltas/live-stage.ts';

const { signal } = new AbortController();

function world() {
  const log: string[] = [];
  const state = { version: 0, deltas: 'a', slow: 0, broken: false };
  const stage = liveStage<number, string>({
    name: 'gradient',
    version: () => state.version,
    async open() {
      if (state.broken) throw new Error('no memory');
      const { deltas } = state;
      if (deltas === '') return undefined;
      log.push(`open ${deltas}`);
      return {
        name: 'gradient',
        async process(batch) {
          await delay(state.slow);
          return batch.map((n) => [`${n} by ${deltas}`]);
        },
        close: () => void log.push(`close ${deltas}`),
      };
    },
  });
  const ask = async (n: number, waiting = signal) => (await stage.process([n], waiting)).flat().join();
  return { stage, state, log, ask };
}

describe('a stage that is opened anew', () => {
  test('hands batches on in their order, and is changed between two of them, never with two models open', async () => {
    const { stage, state, log, ask } = world();
    state.slow = 20;
    const first = ask(1);
    await delay(5);
    Object.assign(state, { deltas: 'a,b', version: 1 });
    assert.deepEqual(await Promise.all([first, ask(2), ask(3)]), ['1 by a', '2 by a,b', '3 by a,b']);
    assert.deepEqual(log, ['open a', 'close a', 'open a,b']);
    await stage.close();
    assert.equal(log.at(-1), 'close a,b');
  });

  test('lets batches wait while there is nothing to open, until it is told to stop', async () => {
    const { state, ask } = world();
    state.deltas = '';
    const stop = new AbortController();
    const given = ask(1, stop.signal);
    await delay(10);
    stop.abort();
    await assert.rejects(given, { name: 'AbortError' });
    const waiting = ask(2);
    Object.assign(state, { deltas: 'c', version: 1 });
    assert.equal(await waiting, '2 by c');
  });

  test('fails the batch it could not be opened for, and tries again with the next', async () => {
    const { state, ask } = world();
    state.broken = true;
    await assert.rejects(ask(1), /no memory/);
    state.broken = false;
    assert.equal(await ask(2), '2 by a');
  });
});
