/**
 * Copies a topic, and dies by SIGKILL at a certain step of a certain transaction:
 * `node kill-point-worker.ts ADDRESS FROM TO POINT NTH`; without a point it ends when it has copied all.
 */
import type { Producer, Transaction } from 'kafkajs';
import { Kafka } from '../../../pipeline/kafka/kafkajs.ts';
import { kafkaTransport } from '../../../pipeline/kafka/transport.ts';

/** In the order in which a transaction comes by. */
export const KILL_POINTS = ['begin', 'written', 'moved', 'committing', 'committed'] as const;
export type KillPoint = (typeof KILL_POINTS)[number];

/** Counts transactions as they come by each point, those of the sweep included. */
function dieAt(point: KillPoint, nth: number): void {
  let passed = 0;
  const pass = (here: KillPoint) => {
    if (here === point && ++passed === nth) process.kill(process.pid, 'SIGKILL');
  };
  const makeProducer = Kafka.prototype.producer;
  Kafka.prototype.producer = function mortal(...options): Producer {
    const producer = makeProducer.apply(this, options);
    const after =
      <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>, here: KillPoint) =>
      async (...args: Args): Promise<Result> => {
        const result = await call(...args);
        pass(here);
        return result;
      };
    return {
      ...producer,
      async transaction(): Promise<Transaction> {
        pass('begin');
        const transaction = await producer.transaction();
        return {
          ...transaction,
          sendBatch: after(transaction.sendBatch, 'written'),
          sendOffsets: after(transaction.sendOffsets, 'moved'),
          async commit() {
            const committing = transaction.commit();
            setImmediate(() => pass('committing')); // the request is on its way
            await committing;
            pass('committed');
          },
        };
      },
    };
  };
}

if (import.meta.main) {
  const [address, from, to, point, nth] = process.argv.slice(2);
  if (point !== undefined) dieAt(point as KillPoint, Number(nth));
  const transport = kafkaTransport({
    connection: { brokers: [address!], clientId: `killed-${process.pid}` },
    writes: [to!],
    batch: 8,
    sessionTimeoutMs: 2000,
  });
  const stop = new AbortController();
  const reading = transport.subscribe(
    from!,
    'copy',
    async (batch) => batch.map(({ key, value, headers }) => [{ topic: to!, key, value, headers }]),
    stop.signal,
  );
  await transport.flush(AbortSignal.timeout(60_000));
  stop.abort();
  await reading;
  await transport.close();
  process.exit();
}
