import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Delivered } from '../../../pipeline/contract.ts';
import { perPartition } from '../../../pipeline/legs/per-partition.ts';

const { signal } = new AbortController();
const message = (partition: number, offset: number): Delivered => ({
  topic: 't',
  partition,
  offset,
  key: `${partition}/${offset}`,
  value: null,
  headers: {},
});

/** Numbers what it is given, from 0 on each time it is made. */
const numbering = () =>
  perPartition(async (partition) => {
    let next = 0;
    return async (batch) =>
      batch.map(({ key }) => [{ topic: 'o', key: `${key}#${partition}.${next++}`, value: null, headers: {} }]);
  });

describe('perPartition', () => {
  test('each partition has a handler that sees its messages alone; answers line up with the batch', async () => {
    const both = numbering();
    await both.prepare(0, signal);
    await both.prepare(1, signal);
    const lists = await both.handle([message(1, 0), message(0, 0), message(1, 1)], signal);
    assert.deepEqual(
      lists.map(([one]) => one?.key),
      ['1/0#1.0', '0/0#0.0', '1/1#1.1'],
    );
  });

  test('a partition that is prepared again remembers nothing of before, and the others all', async () => {
    const both = numbering();
    await both.prepare(0, signal);
    await both.prepare(1, signal);
    await both.handle([message(0, 0), message(1, 0)], signal);
    await both.prepare(1, signal);
    const lists = await both.handle([message(0, 1), message(1, 0)], signal);
    assert.deepEqual(
      lists.map(([one]) => one?.key),
      ['0/1#0.1', '1/0#1.0'],
    );
  });

  test('a message of a partition that was not prepared is an error, not a guess', async () => {
    await assert.rejects(numbering().handle([message(3, 0)], signal), /partition 3 was not prepared/);
  });
});
