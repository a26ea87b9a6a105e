import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AbortedTransaction, type Fetched, withoutAborted } from '../../pipeline/kafka/aborted.ts';

const PRODUCERS = 3;

interface Record extends Fetched {
  readonly isAborted: boolean;
}

/** A partition that several producers write to at once, each transaction ending one way or the other. */
const partition = fc
  .array(
    fc.record({ producer: fc.nat({ max: PRODUCERS - 1 }), does: fc.constantFrom('write', 'write', 'abort', 'commit') }),
    { maxLength: 60 },
  )
  .map((steps) => {
    const open = new Map<number, number[]>(); // offsets of each producer's open transaction
    const log: { record: Fetched; isAborted: boolean }[] = [];
    const aborted: (AbortedTransaction & { readonly last: number })[] = [];
    const add = (producer: number, key: Buffer | null) => {
      const batchContext = { producerId: String(producer), inTransaction: true };
      const record = { offset: String(log.length), key, isControlRecord: key !== null, batchContext };
      log.push({ record, isAborted: false });
    };
    for (const { producer, does } of steps) {
      const own = open.get(producer) ?? [];
      if (does === 'write') {
        open.set(producer, [...own, log.length]);
        add(producer, null);
      } else if (own.length > 0) {
        open.delete(producer);
        if (does === 'abort') {
          for (const offset of own) log[offset]!.isAborted = true;
          aborted.push({ producerId: String(producer), firstOffset: String(own[0]), last: log.length });
        }
        add(producer, Buffer.from([0, 0, 0, does === 'abort' ? 0 : 1]));
      }
    }
    // A reader of committed messages gets nothing from the first open transaction on.
    const stable = Math.min(log.length, ...[...open.values()].map(([first]) => first!));
    return {
      messages: log.slice(0, stable).map(({ record, isAborted }): Record => ({ ...record, isAborted })),
      aborted,
    };
  });

test('leaves out all of every aborted transaction and nothing else, wherever the fetch begins', () => {
  fc.assert(
    fc.property(partition, fc.nat({ max: 60 }), ({ messages, aborted }, from) => {
      const fetched = messages.slice(from);
      // What a broker says: those that touch the range, in the order in which they ended.
      const told = aborted.filter(({ last, firstOffset }) => last >= from && Number(firstOffset) < messages.length);
      const seen = withoutAborted({ messages: fetched, abortedTransactions: told });
      assert.deepEqual(
        seen,
        fetched.filter(({ isAborted }) => !isAborted),
      );
    }),
  );
});
