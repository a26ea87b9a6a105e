import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Delivered, Outgoing } from '../../pipeline/contract.ts';
import { liveLeg, type OpenedLeg } from '../../pipeline/deltas/live-leg.ts';

const message = (offset: number): Delivered => ({
  topic: 'documents',
  partition: 0,
  offset,
  key: String(offset),
  value: null,
  headers: {},
});
const { signal } = new AbortController();

/** A leg that says which deltas it was opened with. */
async function world() {
  const log: string[] = [];
  const state = { version: 0, committed: 0, deltas: ['a'] as readonly string[] };
  const opened = (): OpenedLeg | undefined => {
    const deltas = state.deltas.join('+');
    if (deltas === '') return undefined;
    log.push(`open ${deltas}`);
    return {
      handle: async (batch) =>
        batch.map(({ key }): readonly Outgoing[] => [{ topic: deltas, key, value: null, headers: {} }]),
      close: async () => void log.push(`close ${deltas}`),
    };
  };
  const leg = await liveLeg(
    {
      version: () => state.version,
      committed: () => state.committed,
      open: async () => opened(),
      changed: (any) => void log.push(any ? 'changed' : 'none'),
    },
    signal,
  );
  const topicsOf = async (offset: number) =>
    (await leg.handle([message(offset)], signal)).flat().map(({ topic }) => topic);
  return { leg, log, state, topicsOf };
}

describe('a leg whose deltas change', () => {
  test('is opened anew between two batches, once all before was committed', async () => {
    const { leg, log, state, topicsOf } = await world();
    assert.deepEqual(await topicsOf(0), ['a']);
    state.deltas = ['a', 'b'];
    state.version++;
    const next = topicsOf(1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(log, ['open a'], 'the batch before is not committed yet');
    state.committed = 1;
    assert.deepEqual(await next, ['a+b']);
    assert.deepEqual(log, ['open a', 'close a', 'open a+b', 'changed']);
    await leg.close();
  });

  test('waits where there is no delta, and goes on with the next one', async () => {
    const { log, state, topicsOf } = await world();
    state.deltas = [];
    state.version++;
    const waiting = topicsOf(0);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(log, ['open a', 'close a', 'none']);
    state.deltas = ['c'];
    state.version++;
    assert.deepEqual(await waiting, ['c']);
    assert.deepEqual(log.slice(2), ['none', 'open c', 'changed'], 'it looks often, and says so once');
  });

  test('waits no longer than it is asked to', async () => {
    const { leg, state } = await world();
    state.deltas = [];
    state.version++;
    const stop = new AbortController();
    const waiting = leg.handle([message(0)], stop.signal);
    stop.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
  });
});
